/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole tree once more: the work of cp(1), which knows holes, links, attributes, ACLs, capabilities and what the file
 * system can share. */
#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "base/proc.h"
#include "storage/internal.h"

#define FROM 3
#define TO   4

/* Of what is mounted in it on the host nothing belongs to it. Of subvolumes all does, which are file systems to cp. */
int storage_copy_tree(int from, int to, const char *name, struct err *err)
{
	autoclose int bare = mnt_is_old() ? -1 : mnt_copy(from, false);
	autofree char *target = str_fmt("/proc/self/fd/%d/%s", TO, name);
	/* A symlink is copied as one wherever it stands. */
	const char *const argv[] = { "/bin/cp", "--archive",         "--reflink=auto", "--sparse=always",
				     "-T",      "/proc/self/fd/3/.", target,           bare < 0 ? "--one-file-system" : NULL,
				     NULL };
	const struct proc_fd fds[] = { { bare < 0 ? from : bare, FROM }, { to, TO } };

	return target ? proc_run(argv, fds, ARRAY_SIZE(fds), err) : err_nomem(err);
}
