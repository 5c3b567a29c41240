/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's file system that is a file: another one of it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
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

/* What FICLONE says where files do not share contents. */
static bool shares_never(int code)
{
	return code == EOPNOTSUPP || code == EXDEV || code == EINVAL || code == ENOTTY;
}

int storage_share_file(int from, int to, const char *name, struct err *err)
{
	autoclose int file = openat(to, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (file < 0)
		return err_sys(err, errno, "make '%s'", name);
	if (ioctl(file, FICLONE, from) == 0)
		return 0;
	const int code = errno;
	unlinkat(to, name, 0);
	if (shares_never(code))
		return err_set(
			err, EOPNOTSUPP,
			"-s: while a container runs its image can be shared where the host's file system has reflinks "
			"(xfs, btrfs), and here it has none: stop it first, or have all of it copied, without -s");
	return err_sys(err, code, "share the image");
}

int storage_can_share(int folder, struct err *err)
{
	autoclose int one = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600),
		      other = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (one < 0 || other < 0)
		return errno == EOPNOTSUPP ? 0 : err_sys(err, errno, "make a file without a name");
	const int r = file_write_all(one, "", 1);
	if (r < 0)
		return err_sys(err, -r, "write to a file without a name");
	if (ioctl(other, FICLONE, one) == 0)
		return 1;
	return shares_never(errno) ? 0 : err_sys(err, errno, "share what is in a file");
}
