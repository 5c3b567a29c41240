/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where systemd is in charge of cgroup v2, a container is in a unit of its own: mgr@NAME.service when that is what starts
 * it, else a scope. The unit's folder has two: what stays with the container is in one, the container in the other. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "boot/internal.h"
#include "store/settings.h"
#include "unit/unit.h"

#define UNIT_TIME (60 * CLOCK_SECOND)

static int ask_scope(struct boot *b, struct err *err)
{
	char name[UNIT_NAME_MAX], description[UNIT_NAME_MAX];
	const struct unit_scope scope = {
		.kind = UNIT_CONTAINER, .name = name, .description = description, .pid = getpid(), .log = -1
	};
	int r = unit_scope_name(&b->store, b->name, name, err);

	if (r < 0)
		return r;
	str_print(description, sizeof description, "Container %s", b->name);
	b->unit = unit_scope_begin(&scope, err);
	return b->unit < 0 ? b->unit : 0;
}

/* It takes systemd a while, in which other rows do their work: the cgroup's awaits it. At a reboot we are in it. */
int up_unit(struct boot *b, struct err *err)
{
	int r = cgroup_host(&b->cgroup, err);

	if (r < 0 || b->from || !cgroup_pure_v2(&b->cgroup) || !unit_here())
		return r;
	r = unit_own(b->name, b->unit_cgroup, sizeof b->unit_cgroup, err);
	if (r != 0)
		return r < 0 ? r : 0;
	b->unit_cgroup[0] = '\0';
	return ask_scope(b, err);
}

int boot_await_unit(struct boot *b, struct err *err)
{
	int r = 0;

	if (b->unit >= 0) {
		r = unit_scope_finish(steal_fd(&b->unit), clock_in(UNIT_TIME), err);
		if (r == 0)
			r = unit_cgroup(b->unit_cgroup, sizeof b->unit_cgroup, err);
	}
	if (r < 0)
		return r;
	return b->unit_cgroup[0] ? cgroup_settle_in(&b->cgroup, b->unit_cgroup, err)
				 : cgroup_find(&b->cgroup, &b->store, b->name, err);
}

void boot_move_server(const struct boot *b, pid_t pid)
{
	char what[32], name[UNIT_NAME_MAX];
	const struct unit_scope scope = {
		.kind = UNIT_LASTING, .name = name, .description = "mgr's server of a disk", .pid = pid, .log = b->log
	};
	struct err err = { 0 };
	int r;

	if (!unit_here())
		return;
	str_print(what, sizeof what, "disk%d", (int)pid);
	r = unit_lasting_name(&b->store, what, name, &err);
	if (r == 0)
		r = unit_scope_begin(&scope, &err);
	if (r >= 0)
		r = unit_scope_finish(r, clock_in(UNIT_TIME), &err);
	if (r < 0)
		log_warn("%s", err.msg);
}

static bool is_to_register(const struct boot *b)
{
	autocall(settings_done) struct settings settings = { 0 };
	struct err err = { 0 };

	if (!b->cgroup.given || b->command.argv || !unit_here())
		return false;
	if (settings_load(&b->store, &settings, &err) < 0) {
		log_warn("%s", err.msg);
		return false;
	}
	return settings.machined == SETTINGS_YES || (settings.machined == SETTINGS_AUTO && unit_has_machined());
}

void boot_register(const struct boot *b)
{
	struct err err = { 0 };
	const char *path = "";
	const struct storage_backend *backend = storage_find(&b->spec.rootfs, &path, NULL);
	const struct unit_machine machine = {
		.name = b->name,
		.uuid = b->spec.container.uuid,
		.root = backend && !backend->on_base && !backend->on_disk && !backend->apart
				? path
				: "", /* where its files are as they are inside */
		.leader = b->pid,
		.log = b->log,
	};

	if (machine.uuid && is_to_register(b) && unit_register(&machine, &err) < 0)
		log_warn("%s", err.msg);
}
