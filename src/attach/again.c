/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A privileged container's root may write what the host's may. A command of its own that names /proc/self/exe as its
 * interpreter is this program for a moment, inside (CVE-2019-5736): so this program is then a copy in memory, sealed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "attach/internal.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"

#define COPY           "mgr-copy"
#define ARGUMENTS_MOST (4 << 20)

static bool is_copy(void)
{
	static const char copy[] = "/memfd:" COPY " ";
	char is[64];
	ssize_t n = readlink("/proc/self/exe", is, sizeof is);

	return n > (ssize_t)strlen(copy) && strncmp(is, copy, strlen(copy)) == 0;
}

int run_as_copy(void (*again)(void), struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	autofree char *text = NULL;
	autoclose int program = -1;
	size_t len;
	int r = is_copy() ? 1 : file_read_at(AT_FDCWD, "/proc/self/cmdline", ARGUMENTS_MOST, &text, &len, err);

	if (r != 0)
		return r < 0 ? r : 0;
	for (size_t at = 0; at < len; at += strlen(text + at) + 1)
		if (strv_add(&argv, text + at) < 0)
			return err_nomem(err);
	program = fd_sealed_program(COPY, "/proc/self/exe", err);
	if (program < 0)
		return program;
	if (again)
		again();
	fexecve(program, argv.v, environ);
	return err_sys(err, errno, "run a copy of this program");
}
