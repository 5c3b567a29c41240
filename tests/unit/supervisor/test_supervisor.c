/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-supervisor on its own: what it is told, what it answers, and that nobody disturbs it. There is no mgr-boot here to
 * undo anything, so a run ends ABORTING; the behaviour tests see the whole. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "harness.h"
#include "store/last.h"
#include "wire/attach.h"
#include "wire/wire.h"

static struct harness h;

static void sleeps(void)
{
	signal(SIGTERM, SIG_DFL);
	for (;;)
		pause();
}

static void ignores_the_halt_signal(void)
{
	signal(SIGTERM, SIG_IGN);
	(void)!write(3, "READY=1", 7);
	for (;;)
		pause();
}

static int ask(enum wire_type type, void *reply, size_t size)
{
	autoclose int sock = wire_connect(h.at, "control", NULL);

	assert_true(sock >= 0);
	return wire_call(sock, type, NULL, 0, reply, size, clock_in(5 * CLOCK_SECOND), NULL);
}

static int watch(struct wire_status *st)
{
	int sock = wire_connect(h.at, "control", NULL);

	assert_true(sock >= 0);
	assert_int_equal(wire_call(sock, WIRE_WATCH, NULL, 0, st, sizeof *st, clock_in(5 * CLOCK_SECOND), NULL), sizeof *st);
	return sock;
}

static int next(int sock, struct wire_status *st)
{
	return wire_recv(sock, WIRE_WATCH, st, sizeof *st, NULL, 0, NULL, clock_in(5 * CLOCK_SECOND), NULL);
}

static int stop(uint32_t how, uint64_t timeout)
{
	const struct wire_stop req = { .how = how, .timeout = timeout };
	autoclose int sock = wire_connect(h.at, "control", NULL);

	assert_true(sock >= 0);
	return wire_call(sock, WIRE_STOP, &req, sizeof req, NULL, 0, clock_in(5 * CLOCK_SECOND), NULL);
}

static int done(void **state)
{
	(void)state;
	harness_done(&h);
	return 0;
}

static void it_says_how_things_are(void **state)
{
	struct wire_status st;

	(void)state;
	assert_int_equal(harness_start(&h, sleeps, NULL), 0);
	assert_int_equal(ask(WIRE_STATUS, &st, sizeof st), sizeof st);
	assert_int_equal(st.state, WIRE_RUNNING);
	assert_int_equal(st.supervisor_pid, h.supervisor);
	assert_int_equal(kill(st.init_pid, 0), 0);
	assert_int_equal(st.ready, 0);
}

static void only_init_can_say_that_it_is_ready(void **state)
{
	struct wire_status st;

	(void)state;
	assert_int_equal(harness_start(&h, sleeps, NULL), 0);
	autoclose int sock = watch(&st);
	assert_int_equal(write(h.notify, "READY=1\nSTATUS=forged", 21), 21);
	assert_int_equal(ask(WIRE_STATUS, &st, sizeof st), sizeof st);
	assert_int_equal(ask(WIRE_STATUS, &st, sizeof st), sizeof st);
	assert_int_equal(st.ready, 0);
	assert_string_equal(st.status, "");
}

static void init_says_that_it_is_ready(void **state)
{
	struct wire_status st;

	(void)state;
	assert_int_equal(harness_start(&h, ignores_the_halt_signal, NULL), 0);
	autoclose int sock = watch(&st);
	while (!st.ready)
		assert_int_equal(next(sock, &st), sizeof st);
	assert_string_equal(st.ready_how, "notify");
}

/* A hundred changes of its status in each message. */
static void chatters(void)
{
	char text[1000] = "";

	for (int i = 0; i < 100; i++)
		strcat(text, i % 2 ? "STATUS=a\n" : "STATUS=\n");
	for (int i = 0; i < 20; i++)
		(void)!write(3, text, strlen(text));
	(void)!write(3, "STATUS=done\nREADY=1", 19);
	for (;;)
		pause();
}

static void a_chattering_init_costs_no_watcher_its_connection(void **state)
{
	struct wire_status first, st;

	(void)state;
	assert_int_equal(harness_start(&h, chatters, NULL), 0);
	autoclose int slow = watch(&first), sock = watch(&st);
	while (!st.ready)
		assert_int_equal(next(sock, &st), sizeof st);
	assert_string_equal(st.status, "done");
	while (!first.ready)
		assert_int_equal(next(slow, &first), sizeof first);
}

static int bound(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(sock, (const struct sockaddr *)&any, sizeof any), 0);
	return sock;
}

static unsigned the_port;

static void waits_for_the_port(struct handover *o)
{
	o->ready = HANDOVER_READY_PORT;
	o->ready_port = the_port;
	o->diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

static void it_sees_a_port_listen(void **state)
{
	struct wire_status st;
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;
	autoclose int sock = -1, port = bound();
	char how[16];

	(void)state;
	assert_int_equal(getsockname(port, (struct sockaddr *)&addr, &len), 0);
	the_port = ntohs(addr.sin_port);
	assert_int_equal(harness_start(&h, sleeps, waits_for_the_port), 0);
	sock = watch(&st);
	assert_int_equal(st.ready, 0);
	assert_int_equal(listen(port, 1), 0);
	while (!st.ready)
		assert_int_equal(next(sock, &st), sizeof st);
	snprintf(how, sizeof how, "port %u", the_port);
	assert_string_equal(st.ready_how, how);
}

static void a_halt_signal_ends_it(void **state)
{
	struct wire_status st;
	struct last last;

	(void)state;
	assert_int_equal(harness_start(&h, sleeps, NULL), 0);
	autoclose int sock = watch(&st);
	assert_int_equal(stop(WIRE_HALT, 5 * CLOCK_SECOND), 0);
	assert_int_equal(next(sock, &st), sizeof st);
	assert_int_equal(st.state, WIRE_STOPPING);
	while (next(sock, &st) == sizeof st)
		assert_true(st.state != WIRE_RUNNING);
	assert_int_equal(st.init_pid, 0);
	assert_int_equal(harness_end(&h), 0);
	assert_int_equal(last_read(h.at, &last, NULL), 0);
	assert_int_equal(last.status, SIGTERM);
	assert_true(last.ended >= last.started && last.started > 0);
}

static void an_init_that_does_not_stop_is_killed_in_time(void **state)
{
	struct wire_status st;
	struct last last;

	(void)state;
	assert_int_equal(harness_start(&h, ignores_the_halt_signal, NULL), 0);
	autoclose int sock = watch(&st);
	while (!st.ready)
		assert_int_equal(next(sock, &st), sizeof st);
	uint64_t since = clock_now();
	assert_int_equal(stop(WIRE_HALT, 300 * CLOCK_MS), 0);
	assert_int_equal(harness_end(&h), 0);
	assert_true(clock_now() - since >= 300 * CLOCK_MS);
	assert_int_equal(last_read(h.at, &last, NULL), 0);
	assert_int_equal(last.status, SIGKILL);
}

static void the_console_goes_to_its_log(void **state)
{
	char text[64] = "";

	(void)state;
	assert_int_equal(harness_start(&h, sleeps, NULL), 0);
	assert_int_equal(write(h.console, "hello\n", 6), 6);
	assert_int_equal(stop(WIRE_KILL, 0), 0);
	assert_int_equal(harness_end(&h), 0);
	assert_true(file_read_small_at(h.at, "console", text, sizeof text, NULL) > 0);
	assert_string_equal(text, "hello\r");
}

static void rotates_early(struct handover *o)
{
	o->console_log_max = 4096;
}

static void a_long_console_log_is_rotated(void **state)
{
	struct stat st;
	char line[64];

	(void)state;
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	assert_int_equal(harness_start(&h, sleeps, rotates_early), 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(h.console, line, sizeof line), sizeof line);
	assert_int_equal(stop(WIRE_KILL, 0), 0);
	assert_int_equal(harness_end(&h), 0);
	assert_int_equal(fstatat(h.at, "console.1", &st, 0), 0);
	assert_true(st.st_size > 4096 && st.st_size < 65536);
	assert_int_equal(fstatat(h.at, "console", &st, 0), 0);
	assert_true(st.st_size <= 4096);
}

static void an_attach_is_handed_init(void **state)
{
	struct wire_attach a;
	int fds[WIRE_ATTACH_FDS];
	size_t n;

	(void)state;
	assert_int_equal(harness_start(&h, sleeps, NULL), 0);
	autoclose int sock = wire_connect(h.at, "control", NULL);
	assert_int_equal(wire_send(sock, WIRE_ATTACH, 0, NULL, 0, NULL, 0, NULL), 0);
	assert_int_equal(wire_recv(sock, WIRE_ATTACH, &a, sizeof a, fds, WIRE_ATTACH_FDS, &n, clock_in(CLOCK_SECOND), NULL),
			 sizeof a);
	assert_int_equal(n, 1);
	assert_int_equal(kill(a.init_pid, 0), 0);
	close(fds[0]);
}

/* Threads of its own would be needed to wait here: a stalled client is one that never reads. */
static void clients_that_stall_or_die_do_not_block_it(void **state)
{
	struct wire_status st;
	int stalled[70];

	(void)state;
	assert_int_equal(harness_start(&h, sleeps, NULL), 0);
	for (int i = 0; i < 70; i++) {
		stalled[i] = wire_connect(h.at, "control", NULL);
		assert_true(stalled[i] >= 0);
		if (i < 40)
			for (int j = 0; j < 2000; j++)
				if (send(stalled[i], "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
					break;
		wire_send(stalled[i], WIRE_WATCH, 0, NULL, 0, NULL, 0, NULL);
	}
	for (int i = 0; i < 70; i++)
		close(stalled[i]);
	assert_int_equal(ask(WIRE_STATUS, &st, sizeof st), sizeof st);
	assert_int_equal(st.state, WIRE_RUNNING);
}

/* A connection whose other end reads nothing: to close it takes a minute. */
static int lingering(int *ret_peer)
{
	const struct linger minute = { 1, 60 };
	autoclose int listener = bound();
	struct sockaddr_in addr;
	socklen_t len = sizeof addr;
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char much[65536] = "";

	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&addr, &len), 0);
	assert_int_equal(connect(sock, (const struct sockaddr *)&addr, len), 0);
	*ret_peer = accept(listener, NULL, NULL);
	while (send(sock, much, sizeof much, MSG_DONTWAIT) > 0)
		;
	assert_int_equal(setsockopt(sock, SOL_SOCKET, SO_LINGER, &minute, sizeof minute), 0);
	return sock;
}

static void a_descriptor_that_is_slow_to_close_does_not_block_it(void **state)
{
	int many[FD_MAX_PASSED], peer, sock = lingering(&peer);
	struct wire_status st;

	(void)state;
	assert_int_equal(harness_start(&h, sleeps, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = sock;
	kill(h.supervisor, SIGSTOP); /* so that what it is sent is the last one */
	assert_int_equal(fd_send(h.notify, "X", 1, many, ARRAY_SIZE(many)), 0);
	close(sock);
	kill(h.supervisor, SIGCONT);
	assert_int_equal(ask(WIRE_STATUS, &st, sizeof st), sizeof st);
	assert_int_equal(ask(WIRE_STATUS, &st, sizeof st), sizeof st);
	close(peer);
}

#define ends_in(f) cmocka_unit_test_teardown(f, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ends_in(it_says_how_things_are),
		ends_in(only_init_can_say_that_it_is_ready),
		ends_in(init_says_that_it_is_ready),
		ends_in(it_sees_a_port_listen),
		ends_in(a_halt_signal_ends_it),
		ends_in(an_init_that_does_not_stop_is_killed_in_time),
		ends_in(the_console_goes_to_its_log),
		ends_in(a_long_console_log_is_rotated),
		ends_in(an_attach_is_handed_init),
		ends_in(clients_that_stall_or_die_do_not_block_it),
		ends_in(a_chattering_init_costs_no_watcher_its_connection),
		ends_in(a_descriptor_that_is_slow_to_close_does_not_block_it),
	};

	return cmocka_run_group_tests_name("supervisor", tests, NULL, NULL);
}
