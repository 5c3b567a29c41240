/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/loop.h"
#include "wire/handover.h"
#include "wire/server.h"

static int pair[2];

static int new_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static int receive(void *buf, size_t size, struct err *err)
{
	return wire_recv(pair[1], WIRE_STATUS, buf, size, NULL, 0, NULL, clock_in(CLOCK_SECOND), err);
}

static void a_message_arrives_whole(void **state)
{
	char buf[16] = "";

	(void)state;
	assert_int_equal(wire_send(pair[0], WIRE_STATUS, 0, "hello", 6, NULL, 0, NULL), 0);
	assert_int_equal(receive(buf, sizeof buf, NULL), 6);
	assert_string_equal(buf, "hello");
}

static void the_longest_message_arrives(void **state)
{
	size_t n = WIRE_MAX - sizeof(struct wire_head);
	char *out = calloc(1, n + 1), *in = calloc(1, n);

	(void)state;
	memset(out, 'x', n);
	assert_int_equal(wire_send(pair[0], WIRE_STATUS, 0, out, n, NULL, 0, NULL), 0);
	assert_int_equal(receive(in, n, NULL), (int)n);
	assert_memory_equal(in, out, n);
	free(out);
	free(in);
}

static void a_request_that_is_longer_than_a_packet_comes_all_the_same(void **state)
{
	const size_t n = WIRE_LONGEST;
	char *out = calloc(1, n + 1), packet[WIRE_MAX];
	struct wire_head head;
	void *map;

	(void)state;
	memset(out, 'x', n);
	assert_int_equal(wire_send(pair[0], WIRE_STATUS, 0, out, n + 1, NULL, 0, NULL), -EMSGSIZE);
	assert_int_equal(wire_send(pair[0], WIRE_STATUS, 0, out, n, NULL, 0, NULL), 0);
	assert_int_equal(wire_take_request(pair[1], packet, sizeof packet, &head, &map), (int)n);
	assert_memory_equal(map, out, n);
	munmap(map, n);
	assert_int_equal(wire_send(pair[0], WIRE_STATUS, 0, out, 5, NULL, 0, NULL), 0);
	assert_int_equal(wire_take_request(pair[1], packet, sizeof packet, &head, &map), 5);
	assert_null(map);
	/* what its sender could change yet is refused */
	head.length = 100;
	int file = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(ftruncate(file, 100), 0);
	assert_int_equal(fd_send(pair[0], &head, sizeof head, &file, 1), 0);
	assert_int_equal(wire_take_request(pair[1], packet, sizeof packet, &head, &map), -EBADMSG);
	close(file);
	free(out);
}

static void an_error_travels_with_its_message(void **state)
{
	struct err err = { 0 };
	char buf[16];

	(void)state;
	wire_send(pair[0], WIRE_STATUS, ENOENT, "no such thing", 13, NULL, 0, NULL);
	assert_int_equal(receive(buf, sizeof buf, &err), -ENOENT);
	assert_string_equal(err.msg, "no such thing");
}

static void malformed_packets_are_refused_and_longer_ones_cut(void **state)
{
	const struct {
		struct wire_head head;
		size_t length; /* of the whole packet */
		int code;
	} rows[] = {
		{ { 0, WIRE_VERSION, WIRE_STATUS, 0, 0 }, sizeof(struct wire_head), -EBADMSG },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_STATUS, 1, 0 }, sizeof(struct wire_head), -EBADMSG },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_STATUS, 0, 0 }, sizeof(struct wire_head) + 1, -EBADMSG },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_STATUS, 0, 0 }, sizeof(struct wire_head) - 1, -EBADMSG },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_STATUS, UINT32_MAX, 0 }, sizeof(struct wire_head), -EBADMSG },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_STOP, 0, 0 }, sizeof(struct wire_head), -EBADMSG },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_STATUS, 20, 0 },
		  sizeof(struct wire_head) + 20,
		  16 }, /* a newer peer: cut */
		{ { WIRE_MAGIC, WIRE_VERSION + 1, WIRE_STATUS, 0, 0 }, sizeof(struct wire_head), -EPROTONOSUPPORT },
		{ { WIRE_MAGIC, WIRE_VERSION, WIRE_STATUS, 0, -7 }, sizeof(struct wire_head), -EIO },
	};
	char bytes[64], buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		memset(bytes, 0, sizeof bytes);
		memcpy(bytes, &rows[i].head, sizeof rows[i].head);
		assert_int_equal(send(pair[0], bytes, rows[i].length, 0), rows[i].length);
		assert_int_equal(receive(buf, sizeof buf, NULL), rows[i].code);
	}
}

static void a_silent_peer_times_out_and_a_closed_one_is_told_apart(void **state)
{
	char buf[16];

	(void)state;
	assert_int_equal(wire_recv(pair[1], WIRE_STATUS, buf, sizeof buf, NULL, 0, NULL, clock_in(CLOCK_MS), NULL),
			 -ETIMEDOUT);
	close(pair[0]);
	pair[0] = -1;
	assert_int_equal(receive(buf, sizeof buf, NULL), -ECONNRESET);
}

static void descriptors_come_close_on_exec_and_surplus_is_closed(void **state)
{
	int fds[3] = { 0, 1, 2 }, got[2], next = dup(0);
	size_t n;

	(void)state;
	close(next);
	wire_send(pair[0], WIRE_ATTACH, 0, NULL, 0, fds, 3, NULL);
	assert_int_equal(wire_recv(pair[1], WIRE_ATTACH, NULL, 0, got, 2, &n, clock_in(CLOCK_SECOND), NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	close(got[0]);
	close(got[1]);
	assert_int_equal(dup(0), next);
	close(next);
}

static void a_socket_listens_below_a_path_of_any_length(void **state)
{
	char dir[] = "/tmp/test_wire.XXXXXX", deep[240];
	struct stat st;
	struct err err;
	int at, listener, client;

	(void)state;
	assert_non_null(mkdtemp(dir));
	memset(deep, 'd', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	at = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(mkdirat(at, deep, 0700), 0);
	int below = openat(at, deep, O_RDONLY | O_DIRECTORY);
	assert_int_equal(wire_connect(below, "control", NULL), -ENOENT);
	listener = wire_listen(below, "control", &err);
	assert_true(listener >= 0);
	assert_int_equal(fstatat(below, "control", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	client = wire_connect(below, "control", &err);
	assert_true(client >= 0);
	close(client);
	close(listener);
	assert_int_equal(wire_connect(below, "control", NULL), -ECONNREFUSED);
	listener = wire_listen(below, "control", &err);
	assert_true(listener >= 0);
	close(listener);
	close(below);
	assert_int_equal(file_remove_tree_at(AT_FDCWD, dir, &err), 0);
	close(at);
}

static void a_handover_arrives_with_its_descriptors(void **state)
{
	static struct handover h, got;
	int fd, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	handover_init(&h);
	strcpy(h.name, "web");
	h.init_pidfd = null;
	h.n_cgroups = 1;
	h.cgroups[0] = pair[0];
	h.join_len = 3;
	memcpy(h.join, "abc", 3);
	fd = handover_write(&h, NULL);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(null, F_GETFD), 0);
	assert_int_equal(fcntl(pair[0], F_GETFD), 0);
	assert_int_equal(handover_read(fd, &got, NULL), 0);
	assert_memory_equal(&h, &got, sizeof h);
	assert_int_equal(fcntl(null, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(pair[0], F_GETFD), FD_CLOEXEC);
	close(null);
}

static void a_handover_of_another_version_is_refused(void **state)
{
	static struct handover h;
	int fd;

	(void)state;
	handover_init(&h);
	h.version++;
	assert_int_equal(handover_write(&h, NULL), -EINVAL);
	fd = fd_sealed("test", &h, sizeof h, NULL);
	assert_int_equal(handover_read(fd, &h, NULL), -EPROTO);
	handover_init(&h);
	fd = fd_sealed("test", &h, sizeof h - 1, NULL);
	assert_int_equal(handover_read(fd, &h, NULL), -EPROTO);
}

static void a_handover_may_be_shorter_or_longer_than_ours(void **state)
{
	static struct {
		struct handover h;
		int32_t more[2];
	} newer;
	static struct handover h;
	int fd;

	(void)state;
	handover_init(&newer.h);
	strcpy(newer.h.name, "web");
	newer.h.size = sizeof newer;
	newer.h.run = 7;
	newer.h.attended = 1;
	fd = fd_sealed("test", &newer, sizeof newer, NULL);
	assert_int_equal(handover_read(fd, &h, NULL), 0);
	assert_int_equal(h.run, 7);
	assert_int_equal(h.attended, 1);
	assert_int_equal(h.size, sizeof h);
	newer.h.size = HANDOVER_MIN;
	fd = fd_sealed("test", &newer, HANDOVER_MIN, NULL);
	assert_int_equal(handover_read(fd, &h, NULL), 0);
	assert_int_equal(h.run, 7);
	assert_int_equal(h.attended, 0);
	newer.h.size = HANDOVER_MIN - 1;
	fd = fd_sealed("test", &newer, HANDOVER_MIN - 1, NULL);
	assert_int_equal(handover_read(fd, &h, NULL), -EPROTO);
	newer.h.size = sizeof newer;
	fd = fd_sealed("test", &newer, HANDOVER_MIN, NULL);
	assert_int_equal(handover_read(fd, &h, NULL), -EPROTO);
}

/* --- server --- */

static int answer(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	(void)err;
	return wire_client_send(client, WIRE_STATUS, payload, len, NULL, 0);
}

static int watch(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	(void)payload, (void)len, (void)err;
	client->watching = true;
	return 0;
}

static void gone(struct wire_client *client)
{
	loop_quit(client->server->loop);
}

static const struct wire_request requests[] = {
	{ WIRE_STATUS, 2, 4, answer },
	{ WIRE_WATCH, 0, 0, watch },
	{ 0, 0, 0, NULL },
};

static void quit(void *data)
{
	loop_quit(data);
}

/* Run the server's loop for all that is there to be done. */
static void turn(struct loop *loop)
{
	struct loop_timer t = { .fn = quit, .data = loop };

	loop_timer_start(loop, &t, clock_in(20 * CLOCK_MS));
	loop_run(loop);
	loop_timer_stop(loop, &t);
}

static int ask(struct loop *loop, enum wire_type type, const char *text, size_t n, struct err *err)
{
	char buf[16];

	assert_int_equal(wire_send(pair[1], type, 0, text, n, NULL, 0, NULL), 0);
	turn(loop);
	return wire_recv(pair[1], type, buf, sizeof buf, NULL, 0, NULL, clock_in(CLOCK_SECOND), err);
}

static void a_server_checks_types_and_lengths(void **state)
{
	struct wire_server server = { .requests = requests, .max_clients = 1 };
	struct loop *loop = loop_new(NULL);
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0), spare[2];
	struct err err;

	(void)state;
	assert_int_equal(wire_server_start(&server, loop, listener, NULL), 0);
	assert_non_null(wire_server_adopt(&server, pair[0]));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, spare), 0);
	assert_null(wire_server_adopt(&server, spare[0]));
	close(spare[1]);
	assert_int_equal(ask(loop, WIRE_STATUS, "abc", 3, &err), 3);
	assert_int_equal(ask(loop, WIRE_STATUS, "a", 1, &err), -EBADMSG);
	assert_int_equal(ask(loop, WIRE_STATUS, "abcde", 5, &err), -EBADMSG);
	assert_int_equal(ask(loop, WIRE_STOP, "", 0, &err), -EOPNOTSUPP);
	assert_int_equal(ask(loop, WIRE_STATUS, "abcd", 4, &err), 4);
	assert_int_equal(server.n_clients, 1);
	send(pair[1], "garbage", 7, 0);
	turn(loop);
	assert_int_equal(server.n_clients, 0);
	pair[0] = -1;
	wire_server_stop(&server);
	loop_free(loop);
	close(listener);
}

static void a_watcher_that_stalls_is_dropped(void **state)
{
	struct wire_server server = { .requests = requests, .max_clients = 4, .closed = gone };
	struct loop *loop = loop_new(NULL);
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	static char bulk[8192];

	(void)state;
	assert_int_equal(wire_server_start(&server, loop, listener, NULL), 0);
	assert_non_null(wire_server_adopt(&server, pair[0]));
	wire_send(pair[1], WIRE_WATCH, 0, NULL, 0, NULL, 0, NULL);
	turn(loop);
	for (int i = 0; i < 1000; i++)
		wire_server_tell(&server, WIRE_STATUS, bulk, sizeof bulk);
	assert_int_equal(server.n_clients, 1);
	turn(loop);
	assert_int_equal(server.n_clients, 0);
	pair[0] = -1;
	wire_server_stop(&server);
	loop_free(loop);
	close(listener);
}

#define over_a_pair(f) cmocka_unit_test_setup_teardown(f, new_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		over_a_pair(a_message_arrives_whole),
		over_a_pair(the_longest_message_arrives),
		over_a_pair(a_request_that_is_longer_than_a_packet_comes_all_the_same),
		over_a_pair(an_error_travels_with_its_message),
		over_a_pair(malformed_packets_are_refused_and_longer_ones_cut),
		over_a_pair(a_silent_peer_times_out_and_a_closed_one_is_told_apart),
		over_a_pair(descriptors_come_close_on_exec_and_surplus_is_closed),
		cmocka_unit_test(a_socket_listens_below_a_path_of_any_length),
		over_a_pair(a_handover_arrives_with_its_descriptors),
		cmocka_unit_test(a_handover_of_another_version_is_refused),
		cmocka_unit_test(a_handover_may_be_shorter_or_longer_than_ours),
		over_a_pair(a_server_checks_types_and_lengths),
		over_a_pair(a_watcher_that_stalls_is_dropped),
	};

	return cmocka_run_group_tests_name("wire/wire", tests, NULL, NULL);
}
