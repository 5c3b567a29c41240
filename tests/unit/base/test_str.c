/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

static void assert_escaped(const char *text, const char *wanted)
{
	struct str s = { 0 };

	str_add_escaped(&s, text, strlen(text));
	assert_string_equal(str_text(&s), wanted);
	str_done(&s);
}

static void escaped_text(void **state)
{
	(void)state;
	assert_escaped("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7",
		       "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7");
	assert_escaped("a\x1b[2Jb\x7f\r", "a\\x1b[2Jb\\x7f\\x0d");
	assert_escaped("\xc2\x9b"
		       "31m",
		       "\\xc2\\x9b31m"); /* the CSI of eight bits */
	assert_escaped("\xc0\xafx\xed\xa0\x80", "\\xc0\\xafx\\xed\\xa0\\x80");
	assert_escaped("\xe2\x82", "\\xe2\\x82");
}

static void assert_words(const char *text, size_t n, const char *first, const char *last)
{
	struct strv words = { 0 };

	assert_int_equal(strv_add_words(&words, text), 0);
	assert_int_equal(words.n, n);
	assert_string_equal(words.v[0], first);
	assert_string_equal(words.v[n - 1], last);
	strv_done(&words);
}

static void words(void **state)
{
	struct strv none = { 0 };

	(void)state;
	assert_words("/bin/x", 1, "/bin/x", "/bin/x");
	assert_words("  /bin/x  a\tb ", 3, "/bin/x", "b");
	assert_words("/bin/sh -c 'echo \"$1\" \\n'", 3, "/bin/sh", "echo \"$1\" \\n");
	assert_words("a \"b \\\"c\\\" \\d\"e\\ f", 2, "a", "b \"c\" \\de f");
	assert_words("a '' \"\"", 3, "a", "");
	assert_int_equal(strv_add_words(&none, "a 'b"), -EINVAL);
	strv_done(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),        cmocka_unit_test(durations), cmocka_unit_test(growing_text),
		cmocka_unit_test(escaped_text), cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
