/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/str.h"
#include "boot/undo.h"

static char folder[] = "/tmp/test_undo.XXXXXX";
static int dir;

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0;
}

static int remove_folder(void **state)
{
	(void)state;
	close(dir);
	return file_remove_tree_at(AT_FDCWD, folder, NULL);
}

static int forget(void **state)
{
	(void)state;
	return unlinkat(dir, "undo", 0) < 0 && errno != ENOENT;
}

struct seen {
	struct str text;
	const char *fails; /* the step that does */
};

static int see(void *data, const char *step, const char *object, struct err *err)
{
	struct seen *seen = data;

	str_addf(&seen->text, "[%s %s]", step, object);
	return str_eq(step, seen->fails) ? err_set(err, EBUSY, "%s is busy", step) : 0;
}

static void undone_in_reverse_order(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(undo_add(dir, "cgroup", "mgr/web", NULL), 0);
	assert_int_equal(undo_add(dir, "network", "veth with spaces", NULL), 0);
	assert_int_equal(undo_add(dir, "control", "control", NULL), 0);
	assert_int_equal(undo_run(dir, see, &seen, NULL), 0);
	assert_string_equal(str_text(&seen.text), "[control control][network veth with spaces][cgroup mgr/web]");
	assert_int_equal(faccessat(dir, "undo", F_OK, 0), -1);
	str_done(&seen.text);
}

static void no_record_is_nothing_to_undo(void **state)
{
	struct seen seen = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(undo_run(dir, see, &seen, &err), 0);
	assert_int_equal(err.code, 0);
	assert_string_equal(str_text(&seen.text), "");
}

static void a_line_cut_short_is_passed_over(void **state)
{
	struct seen seen = { 0 };
	int fd;

	(void)state;
	assert_int_equal(undo_add(dir, "cgroup", "mgr/web", NULL), 0);
	fd = openat(dir, "undo", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "network mgr0", 12), 12);
	close(fd);
	assert_int_equal(undo_run(dir, see, &seen, NULL), 0);
	assert_string_equal(str_text(&seen.text), "[cgroup mgr/web]");
	str_done(&seen.text);
}

static void a_failure_keeps_the_record_and_the_rest_is_done(void **state)
{
	struct seen seen = { .fails = "network" };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(undo_add(dir, "cgroup", "mgr/web", NULL), 0);
	assert_int_equal(undo_add(dir, "network", "mgr0", NULL), 0);
	assert_int_equal(undo_run(dir, see, &seen, &err), -EBUSY);
	assert_string_equal(err.msg, "network is busy");
	assert_string_equal(str_text(&seen.text), "[network mgr0][cgroup mgr/web]");
	assert_int_equal(faccessat(dir, "undo", F_OK, 0), 0);
	str_done(&seen.text);
}

static int knows_networks(void *data, const char *step, const char *object, struct err *err)
{
	return str_eq(step, "network") ? see(data, step, object, err) : err_set(err, EBADMSG, "no step '%s'", step);
}

static void lines_that_cannot_be_read_are_passed_over(void **state)
{
	static const char text[] = "network mgr0\nrubbish\n\n\0\xff zero\nunknown thing\nnetwork mgr1\n";
	struct seen seen = { 0 };
	int fd = openat(dir, "undo", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	assert_int_equal(undo_run(dir, knows_networks, &seen, NULL), 0);
	assert_string_equal(str_text(&seen.text), "[network mgr1][network mgr0]");
	assert_int_equal(faccessat(dir, "undo", F_OK, 0), -1);
	str_done(&seen.text);
}

static void an_object_with_a_line_break_is_refused(void **state)
{
	(void)state;
	assert_int_equal(undo_add(dir, "cgroup", "mgr/a\nnetwork eth0", NULL), -EINVAL);
	assert_int_equal(faccessat(dir, "undo", F_OK, 0), -1);
}

static bool is_of_one(void *data, const char *step, const char *object)
{
	(void)data;
	return str_eq(step, "network") && *object == '1';
}

static void some_lines_are_undone_and_the_others_stay(void **state)
{
	static const char text[] =
		"cgroup mgr/web\nnetwork 0 mgra\nnetwork 1 mgrb\nrub\0bish\nhook-net 1 mgrb\nnetwork 1 x\nnet";
	struct seen seen = { 0 };
	int fd = openat(dir, "undo", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	char *rest;

	(void)state;
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	assert_int_equal(undo_some(dir, is_of_one, see, &seen, NULL), 0);
	assert_string_equal(str_text(&seen.text), "[network 1 x][network 1 mgrb]");
	assert_int_equal(file_read_at(dir, "undo", 1000, &rest, NULL, NULL), 0);
	assert_string_equal(rest, "cgroup mgr/web\nnetwork 0 mgra\nrub?bish\nhook-net 1 mgrb\n");
	free(rest);
	str_done(&seen.text);
}

static void one_of_some_that_fails_stays(void **state)
{
	struct seen seen = { .fails = "network" };
	struct err err = { 0 };
	char object[16];

	(void)state;
	assert_int_equal(undo_some(dir, is_of_one, see, &seen, &err), 0);
	assert_int_equal(undo_add(dir, "network", "1 mgrb", NULL), 0);
	assert_int_equal(undo_some(dir, is_of_one, see, &seen, &err), -EBUSY);
	assert_string_equal(err.msg, "network is busy");
	assert_int_equal(undo_find(dir, "network", object, sizeof object, NULL), 1);
	str_done(&seen.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(undone_in_reverse_order, forget),
		cmocka_unit_test_teardown(no_record_is_nothing_to_undo, forget),
		cmocka_unit_test_teardown(a_line_cut_short_is_passed_over, forget),
		cmocka_unit_test_teardown(a_failure_keeps_the_record_and_the_rest_is_done, forget),
		cmocka_unit_test_teardown(lines_that_cannot_be_read_are_passed_over, forget),
		cmocka_unit_test_teardown(an_object_with_a_line_break_is_refused, forget),
		cmocka_unit_test_teardown(some_lines_are_undone_and_the_others_stay, forget),
		cmocka_unit_test_teardown(one_of_some_that_fails_stays, forget),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
