/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/script.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int script_interpreter(int fd, char ret[static SCRIPT_INTERPRETER])
{
	char head[SCRIPT_INTERPRETER];
	ssize_t n = pread(fd, head, sizeof head - 1, 0);
	const char *path;
	size_t len;

	if (n < 0)
		return -errno;
	head[n] = '\0';
	if (head[0] != '#' || head[1] != '!')
		return 0;
	path = head + 2 + strspn(head + 2, " \t");
	len = strcspn(path, " \t\n");
	memcpy(ret, path, len);
	ret[len] = '\0';
	return 1;
}
