/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "life/glance.h"
#include "life/stop.h"
#include "life/wait.h"

static char root[64];
static struct store store;

static int make_store(void **state)
{
	(void)state;
	if (!mkdtemp(strcpy(root, "/tmp/test_state.XXXXXX")) || setenv("MGR_ROOT", root, 1) < 0)
		return -1;
	return store_open(&store, NULL, NULL) < 0 || store_make(&store, NULL) < 0 ? -1 : 0;
}

static int drop_store(void **state)
{
	(void)state;
	store_done(&store);
	return file_remove_tree_at(AT_FDCWD, root, NULL);
}

static enum wire_state now(void)
{
	enum wire_state state;

	assert_int_equal(life_state(&store, "web", &state, NULL), 0);
	return state;
}

static void the_holder_of_the_lock_says_what_it_does(void **state)
{
	static const struct {
		enum store_phase phase;
		enum wire_state state;
	} rows[] = {
		{ STORE_WORKING, WIRE_STOPPED },   { STORE_STARTING, WIRE_STARTING }, { STORE_RUNNING, WIRE_RUNNING },
		{ STORE_STOPPING, WIRE_STOPPING }, { STORE_ABORTING, WIRE_ABORTING },
	};
	int lock;

	(void)state;
	assert_int_equal(now(), WIRE_STOPPED);
	lock = store_lock(&store, "web", STORE_WORKING, 0, NULL);
	assert_true(lock >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(store_lock_phase(lock, rows[i].phase), 0);
		assert_int_equal(now(), rows[i].state);
	}
	close(lock);
	assert_int_equal(now(), WIRE_STOPPED);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void a_process_without_a_supervisor_is_aborting(void **state)
{
	autocall(cgroup_done) struct cgroup cg = { 0 };
	const struct limits_conf limits = { .memory = UINT64_MAX, .swap = UINT64_MAX };
	struct err err = { 0 };
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid = sleeper();
	assert_int_equal(cgroup_host(&cg, &err), 0);
	assert_int_equal(cgroup_name(&cg, store.cgroup, "web", &err), 0);
	assert_int_equal(cgroup_create(&cg, &limits, 0, &err), 0);
	assert_int_equal(now(), WIRE_STOPPED);
	assert_int_equal(cgroup_join(&cg, pid, true, &err), 0);
	assert_int_equal(now(), WIRE_ABORTING);
	kill(pid, SIGKILL);
	/* the kernel says that it is empty once the process has been waited for */
	waitpid(pid, NULL, 0);
	assert_int_equal(life_wait(&store, "web", 1U << WIRE_STOPPED, false, clock_in(5 * CLOCK_SECOND), NULL, &err), 0);
	assert_int_equal(now(), WIRE_STOPPED);
	assert_int_equal(cgroup_remove(&cg, &err), 0);
}

/* Nothing is waited for: it takes a while, as what a supervisor does. */
static void a_while(void)
{
	poll(NULL, 0, 30);
}

/* Starts, runs and ends, as a supervisor would, each a while after a byte has come; its folder need not be there before. */
static pid_t runs_as_told(int from)
{
	pid_t pid = fork();
	int lock = -1;
	char go;

	if (pid != 0)
		return pid;
	for (int i = 0; i < 2 && read(from, &go, 1) == 1; i++) {
		a_while();
		if (lock < 0)
			lock = store_lock(&store, "web", STORE_STARTING, 0, NULL);
		else
			store_lock_phase(lock, STORE_RUNNING);
	}
	(void)!read(from, &go, 1);
	a_while();
	_exit(0);
}

static int wait_for(enum wire_state state, uint64_t ns)
{
	struct wire_status st = { .state = WIRE_STATES };
	int r = life_wait(&store, "web", 1U << state, false, clock_in(ns), &st, NULL);

	if (r == 0)
		assert_int_equal(st.state, state);
	return r;
}

static void waiting_sees_each_state_come(void **state)
{
	const enum wire_state each[] = { WIRE_STARTING, WIRE_RUNNING, WIRE_STOPPED };
	int tell[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(tell), 0);
	pid = runs_as_told(tell[0]);
	for (size_t i = 0; i < ARRAY_SIZE(each); i++) {
		assert_int_equal(write(tell[1], "", 1), 1);
		assert_int_equal(wait_for(each[i], 5 * CLOCK_SECOND), 0);
	}
	waitpid(pid, NULL, 0);
	close(tell[0]);
	close(tell[1]);
	assert_int_equal(wait_for(WIRE_RUNNING, 20 * CLOCK_MS), -ETIMEDOUT);
}

static void a_glance_finds_values_by_section(void **state)
{
	static const char text[] = "# [forward]\n[container]\n uuid = one \n[forward]\nport=a\n port = b # c\n;port = d\n"
				   "[net.0]\nport = e\n[forward]\nport =\r\nport = f\n";
	autocall(strv_done) struct strv uuid = { 0 }, port = { 0 }, none = { 0 };

	(void)state;
	assert_int_equal(file_replace_at(AT_FDCWD, "/tmp/test_state.conf", text, sizeof text - 1, 0600, NULL), 0);
	assert_int_equal(glance_at(AT_FDCWD, "/tmp/test_state.conf", "container", "uuid", &uuid, NULL), 0);
	assert_int_equal(glance_at(AT_FDCWD, "/tmp/test_state.conf", "forward", "port", &port, NULL), 0);
	assert_int_equal(glance_at(AT_FDCWD, "/tmp/test_state.conf", "cap", "port", &none, NULL), 0);
	unlink("/tmp/test_state.conf");
	assert_int_equal(uuid.n, 1);
	assert_string_equal(uuid.v[0], "one");
	assert_int_equal(port.n, 1);
	assert_string_equal(port.v[0], "f");
	assert_int_equal(none.n, 0);
}

static void what_does_not_run_cannot_be_stopped(void **state)
{
	const struct life_stop stop = { .how = WIRE_KILL };

	(void)state;
	assert_int_equal(life_stop(&store, "web", &stop, NULL), -ESRCH);
	assert_int_equal(life_connect(&store, "web", CLOCK_NEVER, NULL), -ENOTCONN);
}

#define in_a_store(f) cmocka_unit_test_setup_teardown(f, make_store, drop_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_a_store(the_holder_of_the_lock_says_what_it_does),
		in_a_store(a_process_without_a_supervisor_is_aborting),
		in_a_store(waiting_sees_each_state_come),
		in_a_store(what_does_not_run_cannot_be_stopped),
		cmocka_unit_test(a_glance_finds_values_by_section),
	};

	return cmocka_run_group_tests_name("life/state", tests, NULL, NULL);
}
