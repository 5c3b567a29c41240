/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/debug.h"
#include "base/log.h"
#include "boot/device.h"
#include "boot/internal.h"
#include "boot/mounted.h"
#include "boot/undo.h"

#define KILL_TIME (30 * CLOCK_SECOND)

struct down down_of(struct boot *b)
{
	return (struct down){
		.store = &b->store,
		.name = b->name,
		.rundir = b->rundir,
		.pidns = -1,
		.namespaces = b->namespaces,
		.n_namespaces = b->n_namespaces,
		.disk = &b->disk,
	};
}

static int down_line(void *data, const char *step, const char *object, struct err *err)
{
	const struct down *d = data;

	for (size_t i = 0; i < n_steps; i++) {
		if (!str_eq(steps[i].name, step) || !steps[i].down)
			continue;
		if (debug_skips_down(step))
			return 0;
		if (steps[i].down(d, object, err) < 0) {
			err_wrap(err, "undo %s '%.200s'", step, object);
			log_error("%s", err->msg);
			return err->code == EBADMSG ? -EIO : -err->code; /* -EBADMSG is the line's */
		}
		debug_point(d->reboot ? "reboot:down" : "boot:down", step);
		return 0;
	}
	return err_set(err, EBADMSG, "no step is called '%s'", step);
}

/* The link that says where its cgroup is has been lost: the undo record has the path too. */
static int restore_place(const struct down *d, struct err *err)
{
	char path[CGROUP_LONGEST];
	struct cgroup plain;
	int r = store_cgroup_find(d->store, d->name, path, sizeof path, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = undo_find(d->rundir, "cgroup", path, sizeof path, err);
	if (r > 0)
		r = cgroup_name(&plain, d->store->cgroup, d->name, err) < 0 ? -err->code : 1;
	if (r <= 0 || !cgroup_is_settled(path) || str_eq(path, plain.path))
		return r < 0 ? r : 0;
	log_warn("where its cgroup is had been lost; the undo record says: %s", path);
	return store_cgroup_keep(d->rundir, path, err);
}

/* Nothing of it may live while what it uses is taken away. Asked first, as most often there is nothing. */
static int kill_all(const struct down *d, struct err *err)
{
	struct cgroup cg = { 0 };
	int r = cgroup_host(&cg, err);

	if (r == 0 && cgroup_pure_v2(&cg))
		r = restore_place(d, err);
	if (r == 0)
		r = cgroup_find(&cg, d->store, d->name, err);
	if (r == 0)
		r = cgroup_populated(&cg, err);
	return r > 0 ? cgroup_kill(&cg, clock_in(KILL_TIME), err) : r;
}

int boot_down(const struct down *d, struct err *err)
{
	int r = kill_all(d, err);

	if (r == 0)
		r = undo_run(d->rundir, down_line, (void *)(uintptr_t)d, err);
	if (r == 0 && unlinkat(d->rundir, "spec", 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove 'spec'");
	if (r == 0)
		r = mounted_forget(d->rundir, err);
	if (r == 0 && !d->reboot)
		r = boot_remove_pidfile(d->rundir, err);
	if (r == 0 && !d->reboot)
		r = cgroup_forget_kept(d->rundir, err);
	if (r == 0 && !d->reboot)
		device_forget(d);
	return r == 0 && !d->reboot ? boot_forget_assignments(d->rundir, err) : r;
}
