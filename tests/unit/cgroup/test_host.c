/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cgroup/internal.h"

static bool all_but_covered(const struct cgroup_hierarchy *h)
{
	return strcmp(h->mount, "/covered") != 0;
}

static struct cgroup parsed(const char *text)
{
	struct cgroup cg = { 0 };
	struct err err = { 0 };

	assert_int_equal(cgroup_parse_mountinfo(&cg, text, all_but_covered, &err), 0);
	return cg;
}

static void hybrid(void **state)
{
	struct cgroup cg = parsed("23 1 0:22 / /sys rw - sysfs sysfs rw\n"
				  "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
				  "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
				  "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
				  "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n");

	(void)state;
	assert_int_equal(cg.n, 3);
	assert_true(cg.h[0].v2);
	assert_string_equal(cg.h[0].mount, "/sys/fs/cgroup/unified");
	assert_int_equal(cg.h[0].dir, -1);
	assert_string_equal(cg.h[1].controllers, "cpu,cpuacct");
	assert_string_equal(cg.h[2].controllers, "name=systemd");
	assert_ptr_equal(cgroup_with(&cg, "cpuacct"), &cg.h[1]);
	assert_null(cgroup_with(&cg, "memory"));
	assert_null(cgroup_with(&cg, "cpu,cpuacct"));
}

static void the_mount_of_the_whole_hierarchy_wins(void **state)
{
	struct cgroup cg = parsed("50 31 0:32 /docker/abc /mnt/part rw - cgroup cgroup rw,memory\n"
				  "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
				  "51 31 0:32 / /mnt/again rw - cgroup cgroup rw,memory\n");

	(void)state;
	assert_int_equal(cg.n, 1);
	assert_string_equal(cg.h[0].mount, "/sys/fs/cgroup/memory");
	cg = parsed("50 31 0:32 /docker/abc /only/part rw - cgroup cgroup rw,memory\n");
	assert_int_equal(cg.n, 1);
	assert_string_equal(cg.h[0].mount, "/only/part");
}

static void covered_mounts_are_not_seen(void **state)
{
	struct cgroup cg = parsed("35 31 0:32 / /covered rw - cgroup cgroup rw,memory\n"
				  "36 31 0:33 / /covered rw - cgroup2 cgroup2 rw\n"
				  "51 31 0:32 / /mnt/again rw - cgroup cgroup rw,memory\n");

	(void)state;
	assert_int_equal(cg.n, 1);
	assert_string_equal(cg.h[0].mount, "/mnt/again");
}

static void odd_lines(void **state)
{
	struct cgroup cg = parsed("garbage\n - cgroup \n1 2 3 - cgroup cgroup rw,cpu\n"
				  "35 31 0:32 / /a\\040b rw - cgroup cgroup rw,pids\n"
				  "36 31 0:33 / /none rw - cgroup cgroup rw,xattr\n");

	(void)state;
	assert_int_equal(cg.n, 1);
	assert_string_equal(cg.h[0].mount, "/a b");
}

static void too_many(void **state)
{
	struct err err = { 0 };
	struct cgroup cg = { 0 };
	char text[4096] = "";

	(void)state;
	for (int i = 0, n = 0; i < CGROUP_HIERARCHIES + 1; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%d 1 0:9 / /c%d rw - cgroup cgroup rw,name=n%d\n", i, i,
			      i);
	assert_int_equal(cgroup_parse_mountinfo(&cg, text, all_but_covered, &err), -E2BIG);
}

static void a_given_folder_is_the_parent(void **state)
{
	struct cgroup cg = { 0 };

	(void)state;
	assert_int_equal(cgroup_name_given(&cg, "mgr.slice/mgr-web.scope/payload", NULL), 0);
	assert_true(cg.given);
	assert_int_equal(cgroup_name_given(&cg, "payload", NULL), -EINVAL);
	assert_int_equal(cgroup_name(&cg, "mgr", "web", NULL), 0);
	assert_false(cg.given);
	assert_string_equal(cg.path, "mgr/web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hybrid),
		cmocka_unit_test(the_mount_of_the_whole_hierarchy_wins),
		cmocka_unit_test(covered_mounts_are_not_seen),
		cmocka_unit_test(odd_lines),
		cmocka_unit_test(too_many),
		cmocka_unit_test(a_given_folder_is_the_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
