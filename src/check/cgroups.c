/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cgroup/cgroup.h"
#include "check/internal.h"
#include "unit/unit.h"

#define UNIT_TIME (60 * CLOCK_SECOND)

static void say_units(const struct check *c, const struct cgroup *cg)
{
	if (!unit_is_systemd())
		check_say(c, "systemd", CHECK_OK, NULL, "is not PID 1 here: containers have no units");
	else if (!cgroup_pure_v2(cg))
		check_say(c, "systemd", CHECK_OK, NULL, "containers have no units: these need cgroup v2 alone");
	else if (!unit_here())
		check_say(c, "systemd", CHECK_WARNING, "build mgr with libsystemd",
			  "mgr-systemd is not installed: containers have no units, and cgroups that systemd does not know");
	else
		check_say(c, "systemd", CHECK_OK, NULL, "each container has a unit; systemd-machined %s",
			  unit_has_machined() ? "lists it" : "is not installed (package systemd-container)");
}

static void say_layout(const struct check *c, const struct cgroup *cg)
{
	autocall(str_done) struct str v1 = { 0 };
	bool v2 = cg->n > 0 && cg->h[0].v2;

	for (size_t i = v2; i < cg->n; i++)
		str_addf(&v1, "%s%s", v1.len ? " " : "", cg->h[i].controllers);
	if (cg->n == 0)
		check_say(c, "layout", CHECK_FAILED, "mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup",
			  "no hierarchy is mounted");
	else if (!v2)
		check_say(c, "layout", CHECK_OK, NULL, "v1: %s", str_text(&v1));
	else if (v1.len)
		check_say(c, "layout", CHECK_OK, NULL, "hybrid: v2 on %s; v1: %s", cg->h[0].mount, str_text(&v1));
	else
		check_say(c, "layout", CHECK_OK, NULL, "v2 on %s", cg->h[0].mount);
	say_units(c, cg);
}

/* In which hierarchy? NULL: none. */
static const struct cgroup_hierarchy *find(const struct cgroup *cg, const char *controller)
{
	size_t n = strlen(controller);

	for (size_t i = 0; i < cg->n; i++)
		for (const char *at = cg->h[i].controllers; *at; at += strcspn(at, ","), at += *at == ',')
			if (strncmp(at, controller, n) == 0 && (!at[n] || at[n] == ','))
				return &cg->h[i];
	return NULL;
}

static void say_controllers(const struct check *c, const struct cgroup *cg)
{
	static const struct {
		const char *name, *v1, *advice;
	} wanted[] = {
		{ "memory", "memory", "limits.memory cannot be used; boot with cgroup_enable=memory" },
		{ "cpu", "cpu",
		  "limits.cpus and limits.cpu-weight cannot be used: a kernel with CONFIG_CGROUP_SCHED is needed" },
		{ "cpuset", "cpuset", "limits.cpuset cannot be used: a kernel with CONFIG_CPUSETS is needed" },
		{ "pids", "pids", "limits.pids cannot be used: a kernel with CONFIG_CGROUP_PIDS is needed" },
		{ "io", "blkio", "limits.io-weight cannot be used: a kernel with CONFIG_BLK_CGROUP is needed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const struct cgroup_hierarchy *h = find(cg, wanted[i].name);
		h = h ? h : find(cg, wanted[i].v1);
		if (h)
			check_say(c, wanted[i].name, CHECK_OK, NULL, "controller of %s", h->v2 ? "v2" : "v1");
		else
			check_say(c, wanted[i].name, CHECK_WARNING, wanted[i].advice, "no hierarchy has this controller");
	}
}

/* By what a container's processes are stopped and killed at once; the root of v2 has none of these files. */
static void say_files(const struct check *c, const struct cgroup *cg)
{
	int v2 = cgroup_clone_fd(cg);
	bool freeze = v2 >= 0 && faccessat(v2, "cgroup.freeze", F_OK, 0) == 0;
	bool kill = v2 >= 0 && faccessat(v2, "cgroup.kill", F_OK, 0) == 0;

	if (freeze || find(cg, "freezer"))
		check_say(c, "freeze", CHECK_OK, NULL, "%s", freeze ? "cgroup.freeze of v2" : "freezer of v1");
	else
		check_say(c, "freeze", CHECK_WARNING, "mgr-freeze cannot be used: Linux 5.2 or the v1 freezer is needed",
			  "neither v2 nor v1 has it");
	check_say(c, "kill", CHECK_OK, NULL, "%s",
		  kill      ? "cgroup.kill of v2"
		  : v2 >= 0 ? "missing: instead, processes are killed one by one"
			    : "one by one, as v1 lists them");
}

static void try_devices(const struct check *c, const struct cgroup *cg)
{
	const struct limits_conf none = { .memory = UINT64_MAX, .swap = UINT64_MAX };
	struct err err = { 0 };
	int r = cgroup_set_devices(cg, &none, 0, &err);

	check_tried(
		c, "devices", r, CHECK_WARNING,
		"privileged containers, and rules for devices, cannot be used: a kernel with CONFIG_CGROUP_BPF is needed",
		&err, find(cg, "devices") ? "rules for them are v1's" : "rules for them can be had by eBPF");
}

/* Below systemd it is in a unit, as a container's is, and this process with it. */
static int ask_unit(struct cgroup *cg, const char *name, struct err *err)
{
	const struct unit_scope scope = {
		.kind = UNIT_CONTAINER, .name = name, .description = "mgr-checkconfig", .pid = getpid(), .log = -1
	};
	char given[CGROUP_LONGEST];
	int r = unit_scope_begin(&scope, err);

	if (r >= 0)
		r = unit_scope_finish(r, clock_in(UNIT_TIME), err);
	if (r >= 0)
		r = unit_cgroup(given, sizeof given, err);
	return r < 0 ? r : cgroup_settle_in(cg, given, err);
}

static int name_it(struct cgroup *cg, struct err *err)
{
	char name[40];

	str_print(name, sizeof name, "mgr.check.%d.scope", (int)getpid());
	if (cgroup_pure_v2(cg) && unit_here())
		return ask_unit(cg, name, err);
	str_print(name, sizeof name, "%d", (int)getpid());
	return cgroup_name(cg, "mgr-check", name, err);
}

/* A container's own, with limits where there is a controller for them. */
static int make(struct cgroup *cg, struct err *err)
{
	const struct limits_conf limits = {
		.memory = find(cg, "memory") ? UINT64_C(64) << 20 : UINT64_MAX,
		.swap = UINT64_MAX,
		.cpus = find(cg, "cpu") ? 1000 : 0,
		.pids = find(cg, "pids") ? 100 : 0,
	};
	int r = name_it(cg, err);

	if (r == 0 && cg->h[0].v2)
		r = cgroup_create_v2(cg, CHECK_ID, err);
	return r < 0 ? r : cgroup_create(cg, &limits, CHECK_ID, err);
}

static void try_cgroup(const struct check *c, struct cgroup *cg)
{
	struct err err = { 0 }, removed = { 0 };
	int r = make(cg, &err);

	check_tried(c, "delegation", r, CHECK_FAILED,
		    "mount the hierarchies read-write; in a container or a service of systemd, delegate the cgroup "
		    "(Delegate=yes)",
		    &err, "a container's folder can be made, given to its root, and limited");
	say_files(c, cg);
	if (r >= 0)
		try_devices(c, cg);
	if (cgroup_remove(cg, &removed) < 0)
		check_say(c, "removal", CHECK_FAILED, "see what is in it", "%s", removed.msg);
	cgroup_done(cg);
}

void check_cgroups(struct check *c)
{
	struct cgroup cg = { 0 };
	struct err err = { 0 };

	if (cgroup_host(&cg, &err) < 0) {
		check_say(c, "layout", CHECK_FAILED, "mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup", "%s", err.msg);
		return;
	}
	say_layout(c, &cg);
	if (cg.n == 0)
		return;
	say_controllers(c, &cg);
	try_cgroup(c, &cg);
}
