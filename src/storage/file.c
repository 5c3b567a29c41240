/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's file system that is a file: another one of it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "storage/internal.h"

int storage_copy_file(int from, int to, const char *name, struct err *err)
{
	autofree char *made = str_fmt("/proc/self/fd/4/%s", name);
	const char *const argv[] = { "/bin/cp",
				     "--dereference",
				     "--preserve=mode",
				     "--reflink=auto",
				     "--sparse=always",
				     "--no-target-directory",
				     "/proc/self/fd/3",
				     made,
				     NULL };
	const struct proc_fd fds[] = { { from, 3 }, { to, 4 } };

	return made ? proc_run(argv, fds, ARRAY_SIZE(fds), err) : err_nomem(err);
}

int storage_share_file(int from, int to, const char *name, struct err *err)
{
	autoclose int file = openat(to, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (file < 0)
		return err_sys(err, errno, "make '%s'", name);
	if (ioctl(file, FICLONE, from) == 0)
		return 0;
	unlinkat(to, name, 0);
	if (errno == EOPNOTSUPP || errno == EXDEV || errno == EINVAL || errno == ENOTTY)
		return err_set(
			err, EOPNOTSUPP,
			"-s: an image is shared where the host's file system has reflinks (xfs, btrfs), and here it has "
			"none: without -s it is copied");
	return err_sys(err, errno, "share the image");
}
