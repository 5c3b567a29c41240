/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's root leaves setuid programs where it may write, and on the host's disk they are root's own: who else can
 * come there? */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "storage/storage.h"

struct place {
	struct stat st;
	uint64_t mount;
};

static int look(int dir, struct place *ret)
{
	return fstat(dir, &ret->st) < 0 || sys_mount_id(dir, &ret->mount) < 0 ? -errno : 0;
}

/* Without an x for group and others no ACL lets anybody pass either: the group bits are its mask (acl(5)). */
static bool is_closed(const struct stat *st)
{
	return st->st_uid == 0 && !(st->st_mode & 0011);
}

/* The root is its own parent. A mount point may have its parent's inode (bind mounts), but not its mount. */
static bool is_same(const struct place *a, const struct place *b)
{
	return a->st.st_ino == b->st.st_ino && a->st.st_dev == b->st.st_dev && a->mount == b->mount;
}

int storage_exposed(int dir, struct err *err)
{
	autoclose int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	struct place here, up;
	int r = at < 0 ? -errno : look(at, &here);

	while (r == 0) {
		int parent = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0) {
			r = -errno;
			break;
		}
		close(at);
		at = parent;
		r = look(at, &up);
		if (r == 0 && is_closed(&up.st))
			return 0;
		if (r == 0 && is_same(&up, &here))
			return 1;
		here = up;
	}
	return err_sys(err, -r, "look at the folders above");
}

int storage_open_folder(const char *path, const char *unless, struct err *err)
{
	autoclose int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dir < 0)
		return err_sys(err, errno, "open folder '%s'", path);
	if (!unless)
		return steal_fd(&dir);
	r = storage_exposed(dir, err);
	if (r < 0)
		return err_wrap(err, "folder '%s'", path);
	if (r > 0)
		return err_set(err, EPERM,
			       "folder '%s' can be entered by others than root, who could run as root what the container's "
			       "root leaves there: put it below a folder that is root's own with mode 0700, or use %s",
			       path, unless);
	return steal_fd(&dir);
}
