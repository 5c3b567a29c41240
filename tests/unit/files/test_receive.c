/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sender that lies: files_receive runs as the host's root when files are pulled. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "files/internal.h"

#define ROUNDS 3000
#define LENGTH 12 /* packets a round */

static char folder[] = "/tmp/mgr-test-files.XXXXXX";
static int root, pair[2];
static struct packet *packet;

static int set_up(void **state)
{
	(void)state;
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	packet = calloc(1, sizeof *packet);
	root = mkdtemp(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return root < 0 || !packet || mkdirat(root, "into", 0755) < 0 || symlinkat("..", root, "into/up") < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(root);
	free(packet);
	return file_remove_tree_at(AT_FDCWD, folder, NULL);
}

static void send_packet(enum record_type type, const char *name, size_t n, const char *rest, uint64_t link)
{
	size_t more = rest ? strlen(rest) : 0;

	packet->head = (struct record){ .type = type, .mode = 0755, .link = link, .size = 100, .name = (uint32_t)n };
	memcpy(packet->body, name ? name : "", n);
	memcpy(packet->body + n, rest ? rest : "", more);
	packet->n = n + more;
	assert_int_equal(packet_send(pair[0], packet, CLOCK_SECOND), 0);
}

static void send_named(enum record_type type, const char *name)
{
	send_packet(type, name, strlen(name), type == RECORD_SYMLINK ? "/etc" : NULL, 0);
}

static void begin(void)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

/* What the receiver makes of what was sent, which ends here. */
static int receive(struct err *err)
{
	const struct files_target target = {
		.base = { .root = root, .self = -1 }, .path = "into", .to = -1, .preserve = true, .patience = CLOCK_SECOND
	};
	int r;

	shutdown(pair[0], SHUT_WR);
	r = files_receive(pair[1], &target, err);
	close(pair[0]);
	close(pair[1]);
	return r;
}

static int count(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *dir = fdopendir(fd);

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void names_that_lead_out_are_refused(void **state)
{
	static const char *const names[] = { "..", ".", "a/b", "/etc", "../up" };
	static const enum record_type types[] = { RECORD_FILE, RECORD_FOLDER };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t j = 0; j < 2; j++) {
			begin();
			send_named(RECORD_FOLDER, "");
			send_named(types[j], names[i]);
			assert_int_equal(receive(&err), -EPROTO);
		}
	begin();
	send_named(RECORD_FOLDER, "");
	send_packet(RECORD_FILE, "a\0b", 3, NULL, 0);
	assert_int_equal(receive(&err), -EPROTO);
	assert_int_equal(count(root, "into"), 1);
	assert_int_equal(count(root, "."), 1);
}

static void symlinks_are_not_followed(void **state)
{
	struct err err;

	(void)state;
	begin();
	send_named(RECORD_FOLDER, "");
	send_named(RECORD_FOLDER, "up");
	send_named(RECORD_FILE, "out");
	assert_int_equal(receive(&err), -ENOTDIR);
	begin();
	send_named(RECORD_FOLDER, "");
	send_named(RECORD_SYMLINK, "way");
	send_named(RECORD_FOLDER, "way");
	assert_int_equal(receive(&err), -ENOTDIR);
	assert_int_equal(count(root, "."), 1);
}

static void what_is_out_of_place_is_refused(void **state)
{
	static const enum record_type first[] = { RECORD_DATA,   RECORD_HOLE, RECORD_CLOSE, RECORD_UP, RECORD_LINK,
						  RECORD_RESULT, 99 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
		begin();
		send_named(first[i], "");
		assert_int_equal(receive(&err), -EPROTO);
	}
	begin();
	send_named(RECORD_FOLDER, "");
	send_named(RECORD_END, "");
	assert_int_equal(receive(&err), -EPROTO);
	begin();
	send_named(RECORD_FILE, "cut");
	assert_int_equal(receive(&err), -ECONNRESET);
	assert_int_equal(count(root, "into"), 1); /* nothing of it is left */
}

/* Whatever is sent in whatever order: nothing appears outside, no descriptor stays open. */
static void noise_stays_inside(void **state)
{
	static const char *const names[] = { "", "a", "b", "up", "..", "a/b", "way" };
	int fds = dup(0), after;

	(void)state;
	close(fds);
	srandom(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct err err;
		begin();
		send_named(RECORD_FOLDER, "");
		for (int i = 0; i < LENGTH; i++) {
			const char *name = names[(size_t)random() % (sizeof names / sizeof *names)];
			enum record_type type = (enum record_type)(random() % (RECORD_RESULT + 2));
			send_packet(type, name, strlen(name), random() % 2 ? "/etc" : NULL, (uint64_t)random() % 3);
		}
		(void)receive(&err);
	}
	assert_int_equal(count(root, "."), 1);
	after = dup(0);
	close(after);
	assert_int_equal(after, fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_that_lead_out_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(symlinks_are_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_out_of_place_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(noise_stays_inside, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
