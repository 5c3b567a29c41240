/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole tree once more: the work of cp(1), which knows holes, links, attributes, ACLs, capabilities and what the file
 * system can share. */
#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "storage/internal.h"

#define FROM 3
#define TO   4

int storage_copy_tree(int from, int to, const char *name, struct err *err)
{
	autofree char *target = str_fmt("/proc/self/fd/%d/%s", TO, name);
	/* What is mounted in it on the host is not its own, and a symlink is copied as one wherever it stands. */
	const char *const argv[] = {
		"/bin/cp", "--archive", "--one-file-system", "--reflink=auto", "--sparse=always", "-T", "/proc/self/fd/3/.",
		target,    NULL
	};
	const struct proc_fd fds[] = { { from, FROM }, { to, TO } };

	return target ? proc_run(argv, fds, ARRAY_SIZE(fds), err) : err_nomem(err);
}
