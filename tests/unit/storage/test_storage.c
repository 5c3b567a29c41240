/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/storage.h"

static const struct storage_backend *find(const char *path, const char **ret, struct err *err)
{
	char copy[64];
	const struct rootfs_conf conf = { .path = copy };

	strcpy(copy, path);
	const struct storage_backend *b = storage_find(&conf, ret, err);
	if (b)
		*ret = strdup(*ret);
	return b;
}

static void a_backend_is_what_stands_before_the_colon(void **state)
{
	struct err err = { 0 };
	const char *path;

	(void)state;
	const struct storage_backend *b = find("dir:/a:b", &path, &err);
	assert_non_null(b);
	assert_string_equal(b->name, "dir");
	assert_string_equal(path, "/a:b");
	free((void *)(uintptr_t)path);
}

static void an_unknown_backend_lists_the_known(void **state)
{
	static const char *const bad[] = { "zfs:/x", "/x", "dirx:/x", "di:/x", "" };
	const char *path;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err = { 0 };
		assert_null(find(bad[i], &path, &err));
		assert_int_equal(err.code, EINVAL);
		assert_non_null(strstr(err.msg, "dir:/PATH"));
	}
}

static void a_relative_path_is_refused(void **state)
{
	struct err err = { 0 };
	const char *path;

	(void)state;
	assert_null(find("dir:rootfs", &path, &err));
	assert_non_null(strstr(err.msg, "absolute"));
}

static void dir_makes_a_folder(void **state)
{
	char dir[] = "/tmp/test_storage.XXXXXX", text[64];
	struct rootfs_conf conf = { .path = text };
	struct storage_place place = { .conf = &conf };
	struct err err = { 0 };
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(text, sizeof text, "dir:%s/rootfs", dir);
	const struct storage_backend *b = storage_find(&conf, &place.path, &err);
	place.folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(b->create(&place, NULL, &err), 0);
	assert_int_equal(b->create(&place, NULL, &err), -EEXIST);
	assert_int_equal(stat(place.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(rmdir(place.path), 0);
	close(place.folder);
	assert_int_equal(rmdir(dir), 0);
}

static int exposed(const char *path)
{
	struct err err = { 0 };
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), r = storage_exposed(fd, &err);

	assert_true(fd >= 0);
	close(fd);
	return r;
}

/* Its own mode does not count: the guest can change it. */
static void a_folder_is_exposed_unless_one_above_is_closed(void **state)
{
	static const mode_t open_modes[] = { 0755, 0711, 0710, 0701 };
	char top[] = "/tmp/test_storage.XXXXXX", above[64], below[64];
	struct err err = { 0 };

	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(above, sizeof above, "%s/a", top);
	snprintf(below, sizeof below, "%s/a/b", top);
	assert_int_equal(mkdir(above, 0700), 0);
	assert_int_equal(mkdir(below, 0755), 0);
	assert_int_equal(exposed(below), geteuid() ? 1 : 0);
	for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
		assert_int_equal(chmod(top, open_modes[i]) | chmod(above, open_modes[i]) | chmod(below, 0700), 0);
		assert_int_equal(exposed(below), 1);
	}
	assert_int_equal(storage_open_folder(below, "--exposed", &err), -EPERM);
	assert_non_null(strstr(err.msg, "use --exposed"));
	int fd = storage_open_folder(below, NULL, &err);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(rmdir(below) | rmdir(above) | rmdir(top), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backend_is_what_stands_before_the_colon),
		cmocka_unit_test(an_unknown_backend_lists_the_known),
		cmocka_unit_test(a_relative_path_is_refused),
		cmocka_unit_test(dir_makes_a_folder),
		cmocka_unit_test(a_folder_is_exposed_unless_one_above_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
