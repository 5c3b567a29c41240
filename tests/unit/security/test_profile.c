/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "security/compiler/profile.h"

static int parse(struct profile *p, const char *text, struct err *err)
{
	static char copy[4096];

	snprintf(copy, sizeof copy, "%s", text);
	return profile_parse(p, copy, err);
}

static void lxcs_own(void **state)
{
	struct profile p;

	(void)state;
	assert_int_equal(
		parse(&p,
		      "2\nblacklist\nreject_force_umount  # comment\n\n[all]\nkexec_load errno 1\n# what\n"
		      "ioctl errno EPERM [1,0x5412,SCMP_CMP_MASKED_EQ,0xffffffff]\nfinit_module\n[i386]\n  vm86 trap\n",
		      NULL),
		0);
	assert_int_equal(p.otherwise, SCMP_ACT_ALLOW);
	assert_int_equal(p.n, 5);
	assert_string_equal(p.rules[0].name, "umount2");
	assert_int_equal(p.rules[1].action, SCMP_ACT_ERRNO(EPERM));
	assert_int_equal(p.rules[2].n_args, 1);
	assert_int_equal(p.rules[2].args[0].arg, 1);
	assert_int_equal(p.rules[2].args[0].datum_a, 0xffffffff);
	assert_int_equal(p.rules[2].args[0].datum_b, 0x5412);
	assert_int_equal(p.rules[3].action, SCMP_ACT_KILL_PROCESS);
	assert_string_equal(p.rules[4].arch, "i386");
	profile_done(&p);
}

static void allowlist(void **state)
{
	struct profile p;

	(void)state;
	assert_int_equal(parse(&p, "2\nallowlist errno 38\nread\nwrite\n", NULL), 0);
	assert_int_equal(p.otherwise, SCMP_ACT_ERRNO(ENOSYS));
	assert_int_equal(p.rules[1].action, SCMP_ACT_ALLOW);
	profile_done(&p);
}

static void refused(void **state)
{
	static const char seven[] = "2\ndenylist\nx [0,1,SCMP_CMP_NE] [1,1,SCMP_CMP_NE] [2,1,SCMP_CMP_NE] [3,1,SCMP_CMP_NE]"
				    "[4,1,SCMP_CMP_NE] [5,1,SCMP_CMP_NE] [0,2,SCMP_CMP_NE]\n";
	static const char *const bad[] = {
		"",
		"1\ndenylist\n",
		"2\n",
		"2\nreject_force_umount\n",
		"2\ndenylist\nx errno\n",
		"2\ndenylist\nx errno -1\n",
		"2\ndenylist\nx errno 5000\n",
		"2\ndenylist\nx dance\n",
		"2\ndenylist\nx errno 1 [6,0,SCMP_CMP_EQ]\n",
		"2\ndenylist\nx errno 1 [1,0,SCMP_CMP_MASKED_EQ]\n",
		"2\ndenylist\nx errno 1 [1,0,EQUALS]\n",
		"2\ndenylist\nx errno 1 [1]\n",
		"2\ndenylist\n[\n",
		"2\ndenylist\n[averyverylongarchitecture]\n",
		"2\ndenylist\nx [0,1,SCMP_CMP_EQ] [0] ]\n",
		seven,
	};
	struct profile p;
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (parse(&p, bad[i], &err) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		profile_done(&p);
	}
	assert_int_equal(parse(&p, "2\ndenylist\n\n  x dance", &err), -EINVAL);
	assert_string_equal(err.msg, "4: 'dance' is no action (allow, log, kill, trap, errno CODE)");
	profile_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lxcs_own),
		cmocka_unit_test(allowlist),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
