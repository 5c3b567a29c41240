/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/glance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

#define LONGEST (1 << 20)

/* Cuts blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t\r");
	n = strlen(text);
	while (n > 0 && strchr(" \t\r", text[n - 1]))
		text[--n] = '\0';
	return text;
}

/* "[NAME]" is this section? */
static bool is_section(const char *line, const char *section)
{
	size_t n = strlen(section);

	return strncmp(line + 1, section, n) == 0 && line[n + 1] == ']';
}

static int take(char *line, const char *key, struct strv *ret)
{
	char *value = strchr(line, '=');

	if (!value)
		return 0;
	*value++ = '\0';
	if (!str_eq(trim(line), key))
		return 0;
	value = trim(value);
	if (*value)
		return strv_add(ret, value);
	strv_clear(ret);
	return 0;
}

int glance_load(int dirfd, const char *file, char **ret, struct err *err)
{
	int r = file_read_at(dirfd, file, LONGEST, ret, NULL, err);

	return r < 0 ? r : 0;
}

int glance_in(const char *text, const char *section, const char *key, struct strv *ret)
{
	autofree char *copy = strdup(text);
	char *rest = copy, *line;
	bool inside = false;
	int r = copy ? 0 : -ENOMEM;

	while (r >= 0 && (line = strsep(&rest, "\n"))) {
		line = trim(line);
		if (*line == '[')
			inside = is_section(line, section);
		else if (inside && *line != '#' && *line != ';')
			r = take(line, key, ret);
	}
	return r;
}

int glance_sections(const char *text, const char *prefix, struct strv *ret)
{
	const char *line = text;
	int r = 0;

	for (; line && r >= 0; line = strchr(line, '\n')) {
		line += strspn(line, " \t\r\n");
		if (*line != '[' || !str_starts(line + 1, prefix))
			continue;
		r = strv_addf(ret, "%.*s", (int)strcspn(line + 1, "]\n"), line + 1);
	}
	return r;
}

int glance_at(int dirfd, const char *file, const char *section, const char *key, struct strv *ret, struct err *err)
{
	autofree char *text = NULL;
	int r = glance_load(dirfd, file, &text, err);

	if (r >= 0)
		r = glance_in(text, section, key, ret);
	return r == -ENOMEM ? err_nomem(err) : r;
}
