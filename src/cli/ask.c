/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

int ask_line(const char *question, const char *usual, char **ret, struct err *err)
{
	static const char blanks[] = " \t\r\n";
	autofree char *line = NULL;
	const char *text;
	size_t size = 0;
	ssize_t n;

	if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)
		return err_set(err, ENOTTY, "-i asks on a terminal, and there is none: say it as an option instead (%s)",
			       question);
	fprintf(stderr, usual ? "%s [%s]: " : "%s: ", question, usual);
	n = getline(&line, &size, stdin);
	if (n < 0) {
		fputc('\n', stderr);
		return err_set(err, ECANCELED, "end of input: nothing was made");
	}
	while (n > 0 && strchr(blanks, line[n - 1]))
		line[--n] = '\0';
	text = line + strspn(line, blanks);
	*ret = strdup(*text || !usual ? text : usual);
	return *ret ? 0 : err_nomem(err);
}
