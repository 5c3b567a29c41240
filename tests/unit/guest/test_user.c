/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/guest.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
			     "# not a user\n"
			     "broken:x:notanumber:1::/:/bin/sh\n"
			     ":x:5:5::/nameless:/bin/sh\n"
			     "+::::::\n"
			     "alice:x:1000:100:Alice, of the sea:/home/alice:\n"
			     "1000:x:2000:2000::/home/thousand:/bin/zsh\n"
			     "short:x:3000:3000\n"
			     "last:x:4000:4000::/home/last:/bin/last";
static const char groups[] =
	"root:x:0:\nusers:x:100:\nsudo:x:27:bob,alice\naudio:x:29:alice\nali:x:7:alic,alice2\nbad:x::alice\n"
	"again:x:27:alice";

static void by_name(void **state)
{
	struct user u;

	(void)state;
	assert_int_equal(user_find(&u, passwd, groups, "alice", NULL, NULL), 0);
	assert_int_equal(u.uid, 1000);
	assert_int_equal(u.gid, 100);
	assert_string_equal(u.home, "/home/alice");
	assert_string_equal(u.shell, "/bin/sh");
	assert_int_equal(u.n_groups, 3);
	assert_int_equal(u.groups[0], 100);
	assert_int_equal(u.groups[1], 27);
	assert_int_equal(u.groups[2], 29);
	assert_int_equal(user_find(&u, passwd, groups, "last", NULL, NULL), 0);
	assert_string_equal(u.shell, "/bin/last");
	assert_int_equal(user_find(&u, passwd, groups, "short", NULL, NULL), 0);
	assert_string_equal(u.home, "/");
}

static void by_number(void **state)
{
	struct user u;

	(void)state;
	assert_int_equal(user_find(&u, passwd, groups, NULL, NULL, NULL), 0);
	assert_string_equal(u.name, "root");
	assert_string_equal(u.shell, "/bin/bash");
	assert_int_equal(user_find(&u, passwd, groups, "1", NULL, NULL), 0);
	assert_string_equal(u.name, "daemon");
	/* a user whose name is a number goes before the user of that number */
	assert_int_equal(user_find(&u, passwd, groups, "1000", NULL, NULL), 0);
	assert_int_equal(u.uid, 2000);
	/* one that is not listed */
	assert_int_equal(user_find(&u, passwd, groups, "4711", NULL, NULL), 0);
	assert_int_equal(u.uid, 4711);
	assert_int_equal(u.gid, 65534);
	assert_int_equal(user_find(&u, passwd, groups,
				   "000000000000000000000000000000000000000000000000000000000000000004711", NULL, NULL),
			 0);
	assert_string_equal(u.name, "4711");
	assert_int_equal(user_find(&u, "", "", "0", NULL, NULL), 0);
	assert_int_equal(u.gid, 0);
	assert_string_equal(u.name, "root");
}

static void other_group(void **state)
{
	struct user u;

	(void)state;
	assert_int_equal(user_find(&u, passwd, groups, "alice", "audio", NULL), 0);
	assert_int_equal(u.gid, 29);
	assert_int_equal(u.groups[0], 29);
	assert_int_equal(u.n_groups, 2);
	assert_int_equal(user_find(&u, passwd, groups, "root", "77", NULL), 0);
	assert_int_equal(u.gid, 77);
}

static void unknown(void **state)
{
	struct err err = { 0 };
	struct user u;

	(void)state;
	assert_int_equal(user_find(&u, passwd, groups, "carol", NULL, &err), -EINVAL);
	assert_string_equal(err.msg, "the container has no user 'carol'");
	assert_int_equal(user_find(&u, passwd, groups, "broken", NULL, &err), -EINVAL);
	assert_int_equal(user_find(&u, passwd, groups, "", NULL, &err), -EINVAL);
	assert_int_equal(user_find(&u, passwd, groups, "4294967295", NULL, &err), -EINVAL);
	assert_int_equal(user_find(&u, passwd, groups, "root", "nobodies", &err), -EINVAL);
	assert_string_equal(err.msg, "the container has no group 'nobodies'");
}

static void path_of_login_defs(void **state)
{
	static const char defs[] = "# ENV_SUPATH PATH=/commented\nENV_SUPATH\tPATH=/first\nENV_SUPATHX PATH=/no\n"
				   "ENV_SUPATH PATH=/sbin:/bin \nENV_PATH /plain\n";
	char *path;

	(void)state;
	assert_int_equal(env_path(defs, true, &path), 0);
	assert_string_equal(path, "/sbin:/bin");
	free(path);
	assert_int_equal(env_path(defs, false, &path), 0);
	assert_string_equal(path, "/plain");
	free(path);
	assert_int_equal(env_path("ENV_SUPATH PATH=", true, &path), 0);
	assert_non_null(strstr(path, "/usr/sbin"));
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name), cmocka_unit_test(by_number),          cmocka_unit_test(other_group),
		cmocka_unit_test(unknown), cmocka_unit_test(path_of_login_defs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
