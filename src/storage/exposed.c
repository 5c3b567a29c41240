/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's root leaves setuid programs where it may write, and on the host's disk they are root's own: who else can
 * come there? */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "storage/storage.h"

/* Without an x for group and others no ACL lets anybody pass either: the group bits are its mask (acl(5)). */
static bool is_closed(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & 0011);
}

int storage_exposed(int dir, struct err *err)
{
	autoclose int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	struct stat st;
	int r = at < 0 ? -errno : 0;

	while (r >= 0 && (r = path_up(&at)) > 0) {
		if (fstat(at, &st) < 0)
			r = -errno;
		else if (is_closed(&st))
			return 0;
	}
	return r < 0 ? err_sys(err, -r, "look at the folders above") : 1;
}

int storage_check_exposed(int dir, const char *path, const char *unless, struct err *err)
{
	int r = storage_exposed(dir, err);

	if (r < 0)
		return err_wrap(err, "folder '%s'", path);
	if (r == 0)
		return 0;
	return err_set(err, EPERM,
		       "folder '%s' can be entered by others than root, who could run as root what the container's root "
		       "leaves there: put it below a folder that is root's own with mode 0700, or use %s",
		       path, unless);
}

int storage_check_exposed_file(const char *path, const char *unless, struct err *err)
{
	autofree char *real = realpath(path, NULL);
	char *slash = real ? strrchr(real, '/') : NULL;
	autoclose int folder = -1;
	struct stat st;

	if (!slash)
		return err_sys(err, errno, "find '%s'", path);
	*slash = '\0';
	folder = open(*real ? real : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || fstat(folder, &st) < 0)
		return err_sys(err, errno, "open the folder of '%s'", path);
	return is_closed(&st) ? 0 : storage_check_exposed(folder, *real ? real : "/", unless, err);
}

int storage_open_folder(const char *path, const char *unless, struct err *err)
{
	autoclose int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_sys(err, errno, "open folder '%s'", path);
	if (unless && storage_check_exposed(dir, path, unless, err) < 0)
		return -err->code;
	return steal_fd(&dir);
}
