/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

#define BLANKS " \t"

/* A backslash inside double quotes stands for itself, unless it is before one of these. */
#define ESCAPED_IN_QUOTES "\"\\"

/* One word. Returns where it ends, NULL when its quotes are not closed. */
static const char *read_word(const char *p, struct str *word)
{
	char quote = '\0';

	for (; *p && (quote || !strchr(BLANKS, *p)); p++) {
		if (*p == quote) {
			quote = '\0';
		} else if (!quote && (*p == '"' || *p == '\'')) {
			quote = *p;
			str_add(word, "");
		} else {
			if (*p == '\\' && p[1] && (!quote || (quote == '"' && strchr(ESCAPED_IN_QUOTES, p[1]))))
				p++;
			str_addn(word, p, 1);
		}
	}
	return quote ? NULL : p;
}

int strv_add_words(struct strv *l, const char *text)
{
	const char *p = text + strspn(text, BLANKS);

	while (*p) {
		autocall(str_done) struct str word = { 0 };
		p = read_word(p, &word);
		if (!p)
			return -EINVAL;
		if (strv_take(l, str_steal(&word)) < 0)
			return -ENOMEM;
		p += strspn(p, BLANKS);
	}
	return 0;
}
