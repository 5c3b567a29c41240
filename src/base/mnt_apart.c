/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mnt.h"

static int make_place(struct err *err)
{
	autoclose int fs = -1, here = -1;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, errno, "make a mount namespace");
	fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (fs >= 0 && fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		here = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (here < 0 || move_mount(here, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0 || fchdir(here) < 0)
		return err_sys(err, errno, "make a place for mounts");
	return 0;
}

static _Noreturn void child(int sock, mnt_apart_fn *fn, void *data)
{
	struct err err = { 0 };
	int made = make_place(&err);

	if (made == 0)
		made = fn(data, &err);
	fd_send(sock, &err, sizeof err, &made, made >= 0);
	_exit(made < 0);
}

int mnt_apart(mnt_apart_fn *fn, void *data, struct err *err)
{
	struct err answer = { 0 };
	int pair[2], made = -1;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	pid = fork();
	if (pid == 0)
		child(pair[1], fn, data);
	close(pair[1]);
	got = pid < 0 ? -errno : fd_recv(pair[0], &answer, sizeof answer, &made, 1, &n);
	close(pair[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (n == 1)
		return made;
	if (got != sizeof answer || !answer.code)
		return err_set(err, ECHILD, "the helper that mounts has failed");
	if (err)
		*err = answer;
	return -answer.code;
}
