/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/report.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

static int report_fd = -1;

void report_open(void)
{
	const char *text = getenv("MGR_REPORT_FD");
	uint64_t fd;
	struct stat st;

	if (!text)
		return;
	if (str_uint(text, 3, INT32_MAX, &fd) == 0 && fstat((int)fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0)
		report_fd = (int)fd;
	unsetenv("MGR_REPORT_FD");
}

void report_again(void)
{
	char text[16];

	if (report_fd < 0 || str_print(text, sizeof text, "%d", report_fd) < 0)
		return;
	fd_keep(report_fd);
	setenv("MGR_REPORT_FD", text, 1);
}

bool report(const struct err *err)
{
	return report_fd >= 0 && write(report_fd, err, sizeof *err) == sizeof *err;
}
