/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Folders in folders, with a file in each; the last has a name that a removal uses, too. */
static void make_deep(const char *top, int levels)
{
	int at = open(top, O_RDONLY | O_DIRECTORY);

	for (int i = 0; i < levels; i++) {
		int next;
		close(openat(at, "file", O_WRONLY | O_CREAT, 0400));
		assert_int_equal(mkdirat(at, i % 50 ? "d" : "removed-1", 0700), 0);
		next = openat(at, i % 50 ? "d" : "removed-1", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(at);
		at = next;
	}
	close(at);
}

static void a_tree_is_removed_however_deep_it_is(void **state)
{
	struct rlimit few = { 100, 100 };
	char top[] = "/tmp/test_file.XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(top));
	make_deep(top, 3000);
	if (getrlimit(RLIMIT_NOFILE, &few) == 0)
		few.rlim_cur = 100;
	setrlimit(RLIMIT_NOFILE, &few);
	assert_int_equal(file_remove_tree_at(AT_FDCWD, top, NULL), 0);
	assert_int_equal(access(top, F_OK), -1);
	assert_int_equal(file_remove_tree_at(AT_FDCWD, top, NULL), 0);
}

static void links_are_removed_and_not_followed(void **state)
{
	char top[] = "/tmp/test_file.XXXXXX", other[] = "/tmp/test_file.XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(top));
	assert_non_null(mkdtemp(other));
	assert_int_equal(snprintf(path, sizeof path, "%s/link", top) > 0, 1);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(file_remove_tree_at(AT_FDCWD, top, NULL), 0);
	assert_int_equal(rmdir(other), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_removed_and_not_followed),
		cmocka_unit_test(a_tree_is_removed_however_deep_it_is),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
