/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mnt.h"
#include "mount/mount.h"

#define PLACE "tree"

/* Somewhere to mount it, a folder or a file, in the working folder. */
static int make_place(int tree, struct err *err)
{
	autoclose int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), here = -1, place = -1;
	struct stat st;

	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		here = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (here < 0 || move_mount(here, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(here) < 0)
		return err_sys(err, errno, "make a place to mount the tree");
	if (fstat(tree, &st) < 0)
		return err_sys(err, errno, "look at the tree");
	if (S_ISDIR(st.st_mode))
		return mkdir(PLACE, 0700) < 0 ? err_sys(err, errno, "make a folder") : 0;
	place = open(PLACE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return place < 0 ? err_sys(err, errno, "make a file") : 0;
}

/* A copy of the tree whose flags are locked: what a mount namespace of a lesser user namespace gets when it is copied. */
static int copy_locked(int tree, int userns, struct err *err)
{
	int copy;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, errno, "make a mount namespace");
	if (make_place(tree, err) < 0)
		return -err->code;
	if (move_mount(tree, "", AT_FDCWD, PLACE, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, errno, "mount the tree");
	if (setns(userns, CLONE_NEWUSER) < 0 || unshare(CLONE_NEWNS) < 0)
		return err_sys(err, errno, "make a mount namespace of the container's user namespace");
	copy = open_tree(AT_FDCWD, PLACE, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return copy < 0 ? err_sys(err, errno, "copy the tree") : copy;
}

static _Noreturn void helper(int sock, int tree, int userns)
{
	struct err err = { 0 };
	int copy = copy_locked(tree, userns, &err);

	fd_send(sock, &err, sizeof err, &copy, copy >= 0);
	_exit(copy < 0);
}

int mount_lock(int tree, int userns, struct err *err)
{
	struct err answer = { 0 };
	int pair[2], copy = -1;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	if (mnt_is_old())
		return err_set(
			err, EOPNOTSUPP,
			"read-only, and whatever else the container must not be able to change, needs Linux 5.12 or later");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	pid = fork();
	if (pid == 0)
		helper(pair[1], tree, userns);
	close(pair[1]);
	got = pid < 0 ? -errno : fd_recv(pair[0], &answer, sizeof answer, &copy, 1, &n);
	close(pair[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (n == 1)
		return copy;
	if (got != sizeof answer || !answer.code)
		return err_set(err, ECHILD, "lock the mount's flags: the helper has failed");
	if (err)
		*err = answer;
	return err_wrap(err, "lock the mount's flags");
}
