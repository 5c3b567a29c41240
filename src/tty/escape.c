/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "tty/tty.h"

int tty_escape_parse(const char *text, int *ret, struct err *err)
{
	const char *key = text[0] == '^' ? text + 1 : text;

	if (strcmp(text, "none") == 0) {
		*ret = -1;
		return 0;
	}
	if (!isalpha((unsigned char)key[0]) || key[1])
		return err_set(err, EINVAL, "'%s' is not a letter such as a or ^a (for Ctrl-a), or none", text);
	*ret = key[0] & 0x1f;
	return 0;
}

bool tty_escape_feed(struct tty_escape *e, char *bytes, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		if ((unsigned char)bytes[i] == e->key && !e->armed) {
			e->armed = true;
			continue;
		}
		if (e->armed && bytes[i] == 'q') {
			*n = kept;
			return true;
		}
		e->armed = false;
		bytes[kept++] = bytes[i];
	}
	*n = kept;
	return false;
}
