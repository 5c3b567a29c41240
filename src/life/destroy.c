/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mountinfo.h"
#include "life/life.h"
#include "life/state.h"
#include "life/stop.h"
#include "net/net.h"
#include "spec/spec.h"
#include "storage/image.h"
#include "store/claim.h"
#include "store/ephemeral.h"

#define NET_TIME (2 * CLOCK_SECOND)

/* file_remove_tree_at stops at a mount, but half-way: this finds one before anything is done. */
static int check_unmounted(int dir, struct err *err)
{
	autofree char *link = str_fmt("/proc/self/fd/%d", dir), *path = link ? realpath(link, NULL) : NULL, *mounts = NULL;
	struct mountinfo m;
	char *rest;
	int r;

	if (!path)
		return err_sys(err, errno, "find the container's folder");
	r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mounts, NULL, err);
	if (r < 0)
		return r;
	for (rest = mounts; mountinfo_next(&rest, &m);)
		if (str_starts(m.point, path) && (m.point[strlen(path)] == '/' || !m.point[strlen(path)]))
			return err_set(err, EBUSY, "something is mounted on '%s': unmount it first", m.point);
	return 0;
}

/* From the config, or the registries; made up when they cannot say (a broken config is no reason to keep the container). */
static void find_uuid(const struct store *store, const char *name, const struct spec *spec, char uuid[static 37])
{
	uuid_t parsed;

	if ((!spec->container.uuid || uuid_parse(spec->container.uuid, parsed) < 0) &&
	    (store_known_uuid(store, name, uuid, NULL) < 0 || uuid_parse(uuid, parsed) < 0))
		uuid_generate_random(parsed);
	uuid_unparse_lower(parsed, uuid);
}

static int take(const struct store *store, const char *name, bool force, struct err *err)
{
	const struct life_stop stop = { .how = WIRE_KILL, .timeout = 0 };
	enum wire_state state;
	int r = life_state(store, name, &state, err);

	if (r == 0 && state != WIRE_STOPPED && state != WIRE_ABORTING) {
		if (!force)
			return err_set(err, EBUSY, "it is not stopped (%s): stop it first, or use -f",
				       wire_state_names[state]);
		r = life_stop(store, name, &stop, err);
		r = r == -ESRCH ? 0 : r;
	}
	return r < 0 ? r : life_take(store, name, clock_in(force ? 5 * CLOCK_SECOND : 0), err);
}

static int remove_folder(const char *parent, const char *name, struct err *err)
{
	autofree char *path = str_fmt("%s/%s", parent, name);

	return path ? file_remove_tree_at(AT_FDCWD, path, err) : err_nomem(err);
}

static int open_folder(const struct store *store, const char *name, bool force, struct err *err)
{
	int dir = store_container(store, name, err);

	if (dir != -ENOENT || !force || !store_is_husk(store, name))
		return dir;
	err_clear(err);
	return store_folder(store, name, err);
}

/* What they print goes to the container's log, unless this process has one. */
static int run_hooks(const struct store *store, const char *name, const struct spec *spec, struct err *err)
{
	autocall(hook_told_done) struct hook_told told = { 0 };
	autoclose int folder = -1, log = -1;
	int r = spec_tell_hooks(spec, store, name, &told, err);

	if (r == 0 && log_fd() < 0 && hook_any(&spec->hook, HOOK_DESTROY)) {
		folder = store_log_folder(store, name, true, NULL);
		log = folder < 0 ? -1 : store_log_open(folder, "log", NULL);
		log_to(log, LOG_INFO, name);
	}
	if (r == 0)
		r = hook_run(&spec->hook, HOOK_DESTROY, &told.facts, err);
	if (log >= 0)
		log_to(-1, LOG_INFO, name);
	return r < 0 ? err_wrap(err, "hook destroy") : 0;
}

static int remove_all(const struct store *store, const char *name, int dir, const char *uuid, struct err *err)
{
	int r = store_retire(store, name, dir, uuid, err);

	if (r < 0)
		return r;
	debug_point("destroy", "renamed");
	net_forget(store, uuid, clock_in(NET_TIME), NULL); /* one that is never answered for is forgotten in vain */
	r = remove_folder(store->log, name, err);
	if (r == 0)
		r = remove_folder(store->run, name, err);
	if (r == 0)
		r = store_bury(store, uuid, err);
	if (r == 0)
		ephemeral_forget(store, name);
	image_drop_unused(store);
	if (r == 0)
		store_leave(store);
	debug_point("destroy", "released");
	return r;
}

int life_destroy(const struct store *store, const char *name, bool force, struct err *err)
{
	autocall(spec_done) struct spec spec;
	autoclose int lock = -1, dir = -1;
	struct err swept = { 0 };
	char uuid[37];
	int hooks, r;

	spec_init(&spec);

	if (store_sweep(store, &swept) < 0) /* another's: no reason to fail */
		log_warn("%s", swept.msg);
	dir = open_folder(store, name, force, err);
	if (dir < 0)
		return dir;
	close(steal_fd(&dir));
	lock = take(store, name, force, err);
	if (lock >= 0)
		dir = open_folder(store, name, force, err);
	if (lock == -ENOENT || dir == -ENOENT) { /* it has gone meanwhile, which is as good */
		err_clear(err);
		return 0;
	}
	if (lock < 0 || dir < 0)
		return lock < 0 ? lock : dir;
	r = check_unmounted(dir, err);
	if (r < 0)
		return r;
	spec_load(&spec, dir, "config", NULL);
	hooks = run_hooks(store, name, &spec, force ? &swept : err);
	if (hooks < 0 && !force)
		return hooks;
	find_uuid(store, name, &spec, uuid);
	r = remove_all(store, name, dir, uuid, err);
	if (r < 0 || hooks == 0)
		return r;
	if (err)
		*err = swept;
	return 1;
}
