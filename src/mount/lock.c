/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "mount/mount.h"

#define PLACE "tree"

struct lock {
	int tree, userns;
};

/* Somewhere to mount it, a folder or a file. */
static int make_place(int tree, struct err *err)
{
	autoclose int place = -1;
	struct stat st;

	if (fstat(tree, &st) < 0)
		return err_sys(err, errno, "look at the tree");
	if (S_ISDIR(st.st_mode))
		return mkdir(PLACE, 0700) < 0 ? err_sys(err, errno, "make a folder") : 0;
	place = open(PLACE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return place < 0 ? err_sys(err, errno, "make a file") : 0;
}

/* A copy of the tree whose flags are locked: what a mount namespace of a lesser user namespace gets when it is copied. */
static int copy_locked(void *data, struct err *err)
{
	const struct lock *lock = data;
	int copy;

	if (make_place(lock->tree, err) < 0)
		return -err->code;
	if (move_mount(lock->tree, "", AT_FDCWD, PLACE, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, errno, "mount the tree");
	if (setns(lock->userns, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0)
		return err_sys(err, errno, "make a mount namespace of the container's user namespace");
	copy = open_tree(AT_FDCWD, PLACE, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return copy < 0 ? err_sys(err, errno, "copy the tree") : copy;
}

int mount_lock(int tree, int userns, struct err *err)
{
	struct lock lock = { tree, userns };
	int copy;

	if (mnt_is_old())
		return err_set(
			err, EOPNOTSUPP,
			"read-only, and whatever else the container must not be able to change, needs Linux 5.12 or later");
	copy = mnt_apart(copy_locked, &lock, err);
	return copy < 0 ? err_wrap(err, "lock the mount's flags") : copy;
}
