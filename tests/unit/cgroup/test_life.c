/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real cgroups, as root: made, limited, joined, killed, removed. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "cgroup/freeze.h"
#include "cgroup/internal.h"

#define WAIT (5 * CLOCK_SECOND)

static const struct limits_conf no_limits = { .memory = UINT64_MAX, .swap = UINT64_MAX };
static char parent[32];

static void need_root(void)
{
	struct cgroup cg;

	if (geteuid() != 0 || cgroup_host(&cg, NULL) < 0)
		skip();
}

static struct cgroup named(const char *name)
{
	struct cgroup cg;
	struct err err = { 0 };

	assert_int_equal(cgroup_host(&cg, &err), 0);
	assert_int_equal(cgroup_name(&cg, parent, name, &err), 0);
	return cg;
}

static pid_t sleeper(const struct cgroup *cg, bool forks)
{
	int ready[2];
	char c;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (cgroup_join(cg, 0, true, NULL) < 0)
			_exit(1);
		for (int i = 0; forks && i < 20; i++)
			if (fork() == 0)
				for (;;)
					pause();
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void nothing_left(const struct cgroup *cg)
{
	char path[CGROUP_PATH_MAX];

	for (size_t i = 0; i < cg->n; i++) {
		snprintf(path, sizeof path, "%s/%s", cg->h[i].mount, parent);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void freeze_and_thaw(const struct cgroup *cg, bool v2)
{
	const struct cgroup_hierarchy *h = v2 ? &cg->h[0] : cgroup_with(cg, "freezer");
	struct cgroup_freezer f = { .set = -1, .look = -1 };
	const uint64_t deadline = clock_in(WAIT);
	struct err err = { 0 };

	if (!h || h->v2 != v2)
		return;
	assert_int_equal(cgroup_freezer_open(&f, &h->dir, 1, &err), 0);
	assert_int_equal(f.v2, v2);
	assert_int_equal(cgroup_freezer_frozen(&f), 0);
	assert_int_equal(cgroup_freezer_set(&f, true, &err), 0);
	while (!cgroup_freezer_frozen(&f))
		assert_true(clock_now() < deadline);
	assert_int_equal(cgroup_freezer_set(&f, false, &err), 0);
	while (cgroup_freezer_frozen(&f))
		assert_true(clock_now() < deadline);
	cgroup_freezer_close(&f);
}

static void lives_and_dies(void **state)
{
	struct err err = { 0 };

	(void)state;
	need_root();
	struct cgroup cg = named("a");
	assert_int_equal(cgroup_populated(&cg, &err), 0);
	assert_int_equal(cgroup_kill(&cg, clock_in(WAIT), &err), 0);
	assert_int_equal(cgroup_open(&cg, &err), -ENOENT);
	if (cgroup_create(&cg, &no_limits, 100000, &err) < 0)
		fail_msg("%s", err.msg);
	pid_t pid = sleeper(&cg, true);
	assert_int_equal(cgroup_populated(&cg, &err), 1);
	assert_true(cgroup_remove(&cg, &err) < 0);
	if (cgroup_kill(&cg, clock_in(WAIT), &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(cgroup_populated(&cg, &err), 0);
	waitpid(pid, NULL, 0);
	if (cgroup_remove(&cg, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(cgroup_remove(&cg, &err), 0);
	nothing_left(&cg);
	cgroup_done(&cg);
}

/* freeze.1 each kind of freezer that the host has, and what was frozen can be killed */
static void freezes_and_thaws(void **state)
{
	struct err err = { 0 };

	(void)state;
	need_root();
	struct cgroup cg = named("cold");
	assert_int_equal(cgroup_create(&cg, &no_limits, 0, &err), 0);
	pid_t pid = sleeper(&cg, true);
	freeze_and_thaw(&cg, true);
	freeze_and_thaw(&cg, false);
	assert_int_equal(cgroup_kill(&cg, clock_in(WAIT), &err), 0);
	waitpid(pid, NULL, 0);
	assert_int_equal(cgroup_remove(&cg, &err), 0);
	cgroup_done(&cg);
}

/* Folders below, in every hierarchy, far deeper than there are descriptors; made anew over what is there. */
static void deep_trees_go(void **state)
{
	struct err err = { 0 };

	(void)state;
	need_root();
	struct cgroup cg = named("deep");
	assert_int_equal(cgroup_create(&cg, &no_limits, 0, &err), 0);
	for (size_t i = 0; i < cg.n; i += cg.n) {
		int at = cg.h[i].dir;
		for (int d = 0; d < 1500; d++) {
			assert_int_equal(mkdirat(at, "d", 0755), 0);
			assert_int_equal(mkdirat(at, "e", 0755), 0);
			int next = openat(at, "d", O_PATH);
			if (at != cg.h[i].dir)
				close(at);
			assert_true(next >= 0);
			at = next;
		}
		close(at);
	}
	struct cgroup again = named("deep");
	if (cgroup_create(&again, &no_limits, 0, &err) < 0)
		fail_msg("%s", err.msg);
	cgroup_done(&cg);
	cgroup_done(&again);
	assert_int_equal(cgroup_remove(&again, &err), 0);
	nothing_left(&again);
}

static void limits_are_set(void **state)
{
	struct limits_conf l = {
		.memory = 64 << 20, .swap = 16 << 20, .cpus = 1500, .cpu_weight = 50, .pids = 77, .cpuset = "0"
	};
	struct err err = { 0 };
	struct cgroup_usage u;

	(void)state;
	need_root();
	struct cgroup cg = named("limits");
	if (!cgroup_with(&cg, "memory") || !cgroup_with(&cg, "cpu") || !cgroup_with(&cg, "pids") ||
	    !cgroup_with(&cg, "cpuset"))
		skip();
	if (cgroup_create(&cg, &l, 0, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(cgroup_usage(&cg, &u, &err), 0);
	assert_int_equal(u.memory_limit, 64 << 20);
	assert_int_equal(u.pids, 0);
	assert_int_equal(u.oom_kills, 0);
	char text[64];
	const struct cgroup_hierarchy *cpu = cgroup_with(&cg, "cpu");
	assert_true(cgroup_read(&cg, cpu, cpu->v2 ? "cpu.max" : "cpu.cfs_quota_us", text, sizeof text) > 0);
	assert_string_equal(text, cpu->v2 ? "150000 100000" : "150000");
	cgroup_done(&cg);
	assert_int_equal(cgroup_remove(&cg, &err), 0);
	nothing_left(&cg);
}

static void a_controller_that_is_missing_is_named(void **state)
{
	struct limits_conf l = no_limits;
	struct err err = { 0 };

	(void)state;
	need_root();
	struct cgroup cg = named("missing");
	l.pids = 5;
	for (size_t i = 0; i < cg.n; i++)
		if (strstr(cg.h[i].controllers, "pids"))
			strcpy(cg.h[i].controllers, cg.h[i].v2 ? "cpu" : "freezer");
	assert_int_equal(cgroup_create(&cg, &l, 0, &err), -ENOTSUP);
	assert_string_equal(err.msg, "limits.pids: this host has no cgroup controller 'pids'");
	cgroup_done(&cg);
	assert_int_equal(cgroup_remove(&cg, &err), 0);
}

/* The parent comes and goes under each other's feet. */
static void many_at_once(void **state)
{
	(void)state;
	need_root();
	pid_t pids[4];
	for (int p = 0; p < 4; p++) {
		pids[p] = fork();
		if (pids[p])
			continue;
		char name[8];
		struct err err = { 0 };
		int r = 0;
		snprintf(name, sizeof name, "m%d", p);
		for (int i = 0; i < 25 && r == 0; i++) {
			struct cgroup cg;
			r = cgroup_host(&cg, &err);
			if (r == 0)
				r = cgroup_name(&cg, parent, name, &err);
			if (r == 0)
				r = cgroup_create(&cg, &no_limits, 1000, &err);
			if (r == 0)
				r = cgroup_remove(&cg, &err);
			cgroup_done(&cg);
		}
		if (r < 0)
			fprintf(stderr, "%s\n", err.msg);
		_exit(r < 0);
	}
	for (int p = 0; p < 4; p++) {
		int status;
		waitpid(pids[p], &status, 0);
		assert_int_equal(status, 0);
	}
	struct cgroup cg = named("none");
	nothing_left(&cg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives_and_dies),
		cmocka_unit_test(freezes_and_thaws),
		cmocka_unit_test(deep_trees_go),
		cmocka_unit_test(limits_are_set),
		cmocka_unit_test(a_controller_that_is_missing_is_named),
		cmocka_unit_test(many_at_once),
	};

	snprintf(parent, sizeof parent, "mgrunit%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
