/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tty/tty.h"

int tty_look_at_stdio(struct tty_stdio *ret, struct err *err)
{
	static const char *const names[] = { "standard input", "standard output", "standard error" };
	struct stat st;

	*ret = (struct tty_stdio){ .first = -1, .in = -1, .out = -1 };
	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			return err_set(err, EISDIR, "%s is a folder, which is not handed in", names[fd]);
		ret->is_terminal[fd] = S_ISCHR(st.st_mode) && isatty(fd);
		if (ret->is_terminal[fd] && ret->first < 0)
			ret->first = fd;
	}
	if (ret->first < 0)
		return 0;
	ret->in = ret->is_terminal[0] ? 0 : -1;
	ret->out = ret->is_terminal[1] ? 1 : ret->is_terminal[2] ? 2 : 0;
	return 0;
}
