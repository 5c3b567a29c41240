/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static const struct {
	const char *what;
	enum edit how;
	const char *section, *key, *value, *before, *after;
} edits[] = {
	{ "a value changes, the rest of its line stays", EDIT_SET, "a", "k", "2", "[a]\n  k=1\n# c\n", "[a]\n  k=2\n# c\n" },
	{ "a colon is as good", EDIT_SET, "a", "k", "2", "[a]\nk : 1\n", "[a]\nk : 2\n" },
	{ "of several values one stays", EDIT_SET, "a", "k", "2", "[a]\nk = 1\nj = 1\nk = 3\n", "[a]\nk = 2\nj = 1\n" },
	{ "in another block of its section too", EDIT_SET, "a", "k", "2", "[a]\nk = 1\n[b]\nk = 1\n[a]\nk = 3\n",
	  "[a]\nk = 2\n[b]\nk = 1\n[a]\n" },
	{ "a new key follows the last of its section", EDIT_SET, "a", "k", "2", "[a]\nj = 1\n\n# of b\n[b]\n",
	  "[a]\nj = 1\nk = 2\n\n# of b\n[b]\n" },
	{ "in an empty section it follows the header", EDIT_SET, "a", "k", "2", "[a]\n[b]\n", "[a]\nk = 2\n[b]\n" },
	{ "it is indented like its neighbour", EDIT_SET, "a", "k", "2", "[a]\n\tj = 1\n", "[a]\n\tj = 1\n\tk = 2\n" },
	{ "a new section is the last", EDIT_SET, "a", "k", "2", "[b]\nk = 1\n", "[b]\nk = 1\n\n[a]\nk = 2\n" },
	{ "and the first of an empty file", EDIT_SET, "a", "k", "2", "", "[a]\nk = 2\n" },
	{ "a last line without an end gets one", EDIT_ADD, "a", "k", "2", "[a]\nk = 1", "[a]\nk = 1\nk = 2\n" },
	{ "one that ends in CR alone too", EDIT_ADD, "a", "k", "2", "[a]\r", "[a]\r\nk = 2\n" },
	{ "lines that end in CR LF stay so", EDIT_ADD, "a", "k", "2", "[a]\r\nk = 1\r\n", "[a]\r\nk = 1\r\nk = 2\r\n" },
	{ "a changed one too", EDIT_SET, "a", "k", "2", "[a]\r\nk = 1\r\n", "[a]\r\nk = 2\r\n" },
	{ "where order counts it follows everything in its section", EDIT_LAST, "a", "k", "3",
	  "[a]\nk = 1\nj = 1\n# x\n[b]\n", "[a]\nk = 1\nj = 1\nk = 3\n# x\n[b]\n" },
	{ "an added value follows the others", EDIT_ADD, "a", "k", "3", "[a]\nk = 1\nk = 2\nj = 1\n",
	  "[a]\nk = 1\nk = 2\nk = 3\nj = 1\n" },
	{ "an unset key leaves comments", EDIT_UNSET, "a", "k", NULL, "[a]\n# why\nk = 1\n;k = 2\nk = 3\n",
	  "[a]\n# why\n;k = 2\n" },
	{ "an unset section goes with its keys", EDIT_UNSET, "a", NULL, NULL, "[b]\nk = 1\n[a]\nk = 1\n# c\n[c]\n",
	  "[b]\nk = 1\n# c\n[c]\n" },
	{ "a key is not its longer namesake", EDIT_SET, "a", "k", "2", "[a]\nk.l = 1\n", "[a]\nk.l = 1\nk = 2\n" },
	{ "a section is not its longer namesake", EDIT_UNSET, "a", "k", NULL, "[a.1]\nk = 1\n", "[a.1]\nk = 1\n" },
	{ "an empty value can be filled", EDIT_SET, "a", "k", "2", "[a]\nk =\n", "[a]\nk = 2\n" },
	{ "a value can be emptied", EDIT_SET, "a", "k", "", "[a]\nj = 1\n", "[a]\nj = 1\nk =\n" },
	{ "a value may hold what looks like a key", EDIT_SET, "a", "k", "x=[b];#", "[a]\nk = 1\n", "[a]\nk = x=[b];#\n" },
	{ "a byte order mark stays", EDIT_SET, "a", "k", "2", "\xef\xbb\xbf[a]\nk = 1\n", "\xef\xbb\xbf[a]\nk = 2\n" },
};

static void each_edit(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
		autocall(str_done) struct str out = { 0 };
		bool changed = edit_text(edits[i].before, edits[i].how, edits[i].section, strlen(edits[i].section),
					 edits[i].key, edits[i].value, &out);

		if (strcmp(str_text(&out), edits[i].after) != 0)
			fail_msg("%s: '%s'", edits[i].what, str_text(&out));
		assert_int_equal(changed, strcmp(edits[i].before, edits[i].after) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_edit),
	};

	return cmocka_run_group_tests_name("conf/edit", tests, NULL, NULL);
}
