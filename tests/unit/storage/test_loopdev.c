/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* On real devices; skipped where there are none. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/fs.h>

#include "base/clock.h"
#include "storage/loopdev.h"

#define SIZE 1048576

static char path[] = "/tmp/test_loopdev.XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	for (uint32_t i = 0; i < SIZE / sizeof i; i++)
		if (write(fd, &i, sizeof i) != sizeof i)
			return -1;
	return close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void need_devices(void)
{
	int fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		skip();
	close(fd);
}

static struct loopdev whole(const char *name, bool readonly)
{
	return (struct loopdev){ .path = path, .name = name, .readonly = readonly };
}

/* One that goes when its descriptor is closed. */
static int make(const struct loopdev *what)
{
	struct err err = { 0 };
	unsigned n = UINT32_MAX;
	int file = loopdev_lock(what, clock_in(10 * CLOCK_SECOND), &err), device;

	assert_true(file >= 0);
	device = loopdev_attach(what, file, &n, &err);
	assert_string_equal(err.msg, "");
	assert_true(device >= 0);
	assert_int_not_equal(n, UINT32_MAX);
	close(file);
	return device;
}

static void refuses(const struct loopdev *what, const char *why)
{
	struct err err = { 0 };

	assert_int_equal(loopdev_lock(what, 0, &err), -EBUSY);
	assert_non_null(strstr(err.msg, why));
}

static void a_file_has_one_device_that_writes(void **state)
{
	const struct loopdev a = whole("a", false), b = whole("b", false), reader = whole("r", true);
	struct err err = { 0 };
	int device;

	(void)state;
	need_devices();
	device = make(&a);
	refuses(&b, "is in use by 'a'");
	refuses(&reader, "is in use by 'a'");
	close(device);
	assert_int_equal(loopdev_await_end(&a, clock_in(10 * CLOCK_SECOND), &err), 0);
	close(make(&b));
}

static void a_file_has_any_number_that_read(void **state)
{
	const struct loopdev a = whole("a", true), b = whole("b", true), writer = whole("w", false);
	int one, two;

	(void)state;
	need_devices();
	one = make(&a);
	two = make(&b);
	refuses(&writer, "is in use by '");
	assert_true(write(one, "x", 1) < 0);
	close(one);
	refuses(&writer, "is in use by 'b'");
	close(two);
}

static void a_part_of_a_file_is_a_device(void **state)
{
	const struct loopdev part = { .path = path, .name = "p", .offset = 4096, .length = 8192 };
	uint64_t size = 0;
	uint32_t first = 0;
	int device;

	(void)state;
	need_devices();
	device = make(&part);
	assert_int_equal(ioctl(device, BLKGETSIZE64, &size), 0);
	assert_int_equal(size, 8192);
	assert_int_equal(pread(device, &first, sizeof first, 0), sizeof first);
	assert_int_equal(first, 1024);
	close(device);
}

static void a_file_that_grows_makes_its_device_grow(void **state)
{
	const struct loopdev a = whole("a", false);
	struct err err = { 0 };
	uint64_t size = 0;
	int device, file, found;

	(void)state;
	need_devices();
	device = make(&a);
	file = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(ftruncate(file, 2 * SIZE), 0);
	found = loopdev_find(file, NULL, &err);
	assert_true(found >= 0);
	assert_int_equal(loopdev_measure(found, &err), 0);
	assert_int_equal(ioctl(device, BLKGETSIZE64, &size), 0);
	assert_int_equal(size, 2 * SIZE);
	close(found);
	close(device);
	assert_int_equal(ftruncate(file, SIZE), 0);
	close(file);
}

static void what_is_no_file_is_refused(void **state)
{
	const struct loopdev folder = { .path = "/tmp", .name = "a", .readonly = true },
			     absent = { .path = "/nonexistent", .name = "a" };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(loopdev_lock(&folder, 0, &err), -EINVAL);
	assert_int_equal(loopdev_lock(&absent, 0, &err), -ENOENT);
	assert_int_equal(loopdev_await_end(&absent, 0, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_has_one_device_that_writes),
		cmocka_unit_test(a_file_has_any_number_that_read),
		cmocka_unit_test(a_part_of_a_file_is_a_device),
		cmocka_unit_test(a_file_that_grows_makes_its_device_grow),
		cmocka_unit_test(what_is_no_file_is_refused),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
