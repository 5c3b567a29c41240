/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sizes(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(str_size("512M", &n), 0);
	assert_int_equal(n, UINT64_C(512) << 20);
	assert_int_equal(str_size("1GiB", &n), 0);
	assert_int_equal(n, UINT64_C(1) << 30);
	assert_int_equal(str_size("7", &n), 0);
	assert_int_equal(n, 7);
	assert_int_equal(str_size("", &n), -EINVAL);
	assert_int_equal(str_size("-1", &n), -EINVAL);
	assert_int_equal(str_size("1Q", &n), -EINVAL);
	assert_int_equal(str_size("1Gi", &n), -EINVAL);
	assert_int_equal(str_size("99999999999999999999", &n), -ERANGE);
	assert_int_equal(str_size("99999999999T", &n), -ERANGE);
}

static void durations(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(str_duration("60", &n), 0);
	assert_int_equal(n, UINT64_C(60000000000));
	assert_int_equal(str_duration("1.5", &n), 0);
	assert_int_equal(n, UINT64_C(1500000000));
	assert_int_equal(str_duration("250ms", &n), 0);
	assert_int_equal(n, UINT64_C(250000000));
	assert_int_equal(str_duration("2m", &n), 0);
	assert_int_equal(n, UINT64_C(120000000000));
	assert_int_equal(str_duration("s", &n), -EINVAL);
	assert_int_equal(str_duration("1.", &n), -EINVAL);
	assert_int_equal(str_duration("1 s", &n), -EINVAL);
}

static void growing_text(void **state)
{
	struct str s = { 0 };

	(void)state;
	assert_string_equal(str_text(&s), "");
	for (int i = 0; i < 1000; i++)
		str_addf(&s, "%d,", i % 10);
	assert_int_equal(s.len, 2000);
	assert_false(s.failed);
	str_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(growing_text),
	};

	return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
