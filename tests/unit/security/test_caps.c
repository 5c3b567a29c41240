/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "security/security.h"

#define BIT(n) (UINT64_C(1) << (n))

static void names(void **state)
{
	char name[32];

	(void)state;
	for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
		char *theirs = cap_to_name(cap);
		snprintf(name, sizeof name, "%s", theirs);
		cap_free(theirs);
		assert_int_equal(security_cap(name, NULL), cap);
		assert_int_equal(security_cap(name + strlen("cap_"), NULL), cap);
	}
	assert_int_equal(security_cap("SYS_ADMIN", NULL), CAP_SYS_ADMIN);
	assert_int_equal(security_cap("sys_root", NULL), -EINVAL);
	assert_int_equal(security_cap("", NULL), -EINVAL);
}

static void defaults(void **state)
{
	struct cap_conf conf = { 0 };
	uint64_t keep;

	(void)state;
	assert_int_equal(security_caps(&conf, false, false, &keep, NULL), 0);
	assert_false(keep & (BIT(CAP_SYS_MODULE) | BIT(CAP_SYS_RAWIO) | BIT(CAP_SYS_TIME)));
	assert_true(keep & BIT(CAP_SYS_BOOT));
	assert_true(keep & BIT(CAP_MKNOD));
	assert_int_equal(security_caps(&conf, false, true, &keep, NULL), 0);
	assert_true(keep & BIT(CAP_MAC_ADMIN));
	assert_int_equal(security_caps(&conf, true, false, &keep, NULL), 0);
	assert_false(keep & BIT(CAP_MKNOD));
	assert_true(keep & BIT(CAP_SYS_ADMIN));
}

static void drop_adds_and_none_takes_the_defaults_away(void **state)
{
	struct cap_conf conf = { 0 };
	uint64_t keep;

	(void)state;
	strv_add(&conf.drop, "net_raw");
	assert_int_equal(security_caps(&conf, false, false, &keep, NULL), 0);
	assert_false(keep & (BIT(CAP_NET_RAW) | BIT(CAP_SYS_MODULE)));
	strv_add(&conf.drop, "none");
	assert_int_equal(security_caps(&conf, false, false, &keep, NULL), 0);
	assert_int_equal(keep, (BIT(CAP_LAST_CAP + 1) - 1) & ~BIT(CAP_NET_RAW));
	strv_done(&conf.drop);
}

static void keep_is_all_there_is(void **state)
{
	struct cap_conf conf = { 0 };
	struct err err = { 0 };
	uint64_t keep;

	(void)state;
	strv_add(&conf.keep, "cap_chown");
	strv_add(&conf.keep, "sys_module");
	assert_int_equal(security_caps(&conf, true, false, &keep, NULL), 0);
	assert_int_equal(keep, BIT(CAP_CHOWN) | BIT(CAP_SYS_MODULE));
	strv_add(&conf.drop, "net_raw");
	assert_int_equal(security_caps(&conf, true, false, &keep, &err), -EINVAL);
	strv_done(&conf.drop);
	strv_add(&conf.keep, "flying");
	assert_int_equal(security_caps(&conf, true, false, &keep, &err), -EINVAL);
	assert_string_equal(err.msg, "cap.keep: 'flying' is not a capability such as sys_module or net_raw");
	strv_clear(&conf.keep);
	strv_add(&conf.keep, "none");
	assert_int_equal(security_caps(&conf, true, false, &keep, NULL), 0);
	assert_int_equal(keep, 0);
	strv_done(&conf.keep);
}

static void dropped_is_gone(void **state)
{
	const uint64_t keep = BIT(CAP_CHOWN) | BIT(CAP_SETUID);
	int status;

	(void)state;
	if (geteuid() != 0)
		skip();
	pid_t pid = fork();
	if (pid == 0) {
		bool ok = security_drop_caps(keep, NULL) == 0;
		for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
			if (prctl(PR_CAPBSET_READ, cap) > 0 && !(keep & BIT(cap)))
				ok = false;
		cap_t now = cap_get_proc();
		cap_flag_value_t on;
		ok = ok && cap_get_flag(now, CAP_KILL, CAP_PERMITTED, &on) == 0 && on == CAP_CLEAR;
		ok = ok && cap_get_flag(now, CAP_CHOWN, CAP_EFFECTIVE, &on) == 0 && on == CAP_SET;
		_exit(ok ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(defaults),
		cmocka_unit_test(drop_adds_and_none_takes_the_defaults_away),
		cmocka_unit_test(keep_is_all_there_is),
		cmocka_unit_test(dropped_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
