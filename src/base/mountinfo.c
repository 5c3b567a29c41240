/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mountinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Space, tab, newline and backslash are \ooo there. */
static void unescape(char *text)
{
	char *to = text;
	unsigned c;

	for (const char *p = text; *p; to++) {
		if (*p == '\\' && sscanf(p + 1, "%3o", &c) == 1) {
			*to = (char)c;
			p += 4;
		} else {
			*to = *p++;
		}
	}
	*to = '\0';
}

static bool take(char *line, struct mountinfo *ret)
{
	char *save = NULL, *field[5];

	for (size_t i = 0; i < ARRAY_SIZE(field); i++)
		if (!(field[i] = strtok_r(i ? NULL : line, " ", &save)))
			return false;
	unescape(field[3]);
	unescape(field[4]);
	*ret = (struct mountinfo){ strtoull(field[0], NULL, 10), strtoull(field[1], NULL, 10), field[2], field[3],
				   field[4] };
	return true;
}

bool mountinfo_next(char **text, struct mountinfo *ret)
{
	for (char *line; (line = strsep(text, "\n"));)
		if (take(line, ret))
			return true;
	return false;
}
