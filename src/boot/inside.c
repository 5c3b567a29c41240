/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/sys.h"

#define INSIDE_TIME (10 * CLOCK_SECOND)

/* init's root may be another than its mount namespace's. */
static int enter(const struct device_change *c, struct err *err)
{
	const bool idmapped = c->b->spec.container.idmap.mode != IDMAP_NONE;
	autoclose int root = -1;
	char path[40];

	str_print(path, sizeof path, "/proc/%d/root", (int)c->b->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "open '%s'", path);
	if (setns(c->init_pidfd, CLONE_NEWNS | (idmapped ? CLONE_NEWUSER : 0)) < 0)
		return err_sys(err, errno, "enter the container's namespaces");
	if (fchdir(root) < 0 || chroot(".") < 0)
		return err_sys(err, errno, "change to the container's root");
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(err, errno, "become root of the container");
	return 0;
}

/* Both are undone by a change of ids. What looks after a killed mgr-boot is to find all that there will be. */
static int bind_to_parent(pid_t parent, struct err *err)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_sys(err, errno, "hide from the guest");
	return getppid() == parent ? 0 : err_set(err, ECHILD, "mgr-boot has ended");
}

static _Noreturn void live(const struct device_change *c, pid_t parent, int sock, inside_fn *fn, void *data)
{
	struct err err = { 0 };
	int r = bind_to_parent(parent, &err);

	umask(0022);
	if (r == 0)
		r = enter(c, &err);
	if (r == 0)
		r = bind_to_parent(parent, &err);
	if (r == 0)
		r = fn(data, &err);
	if (r < 0 && !err.code)
		err_sys(&err, -r, "work in the container");
	fd_send(sock, &err, sizeof err, NULL, 0);
	_exit(r < 0);
}

static int await(int sock, struct err *err)
{
	struct err said = { 0 };
	int r = fd_wait(sock, POLLIN, clock_in(INSIDE_TIME));

	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "a file system of the container's does not answer");
	if (r < 0 || fd_recv(sock, &said, sizeof said, NULL, 0, NULL) != sizeof said)
		return err_set(err, ECHILD, "the process inside has ended early");
	if (said.code && err)
		*err = said;
	return -said.code;
}

int boot_inside(const struct device_change *c, inside_fn *fn, void *data, struct err *err)
{
	const pid_t self = getpid();
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	pid = fork();
	if (pid == 0)
		live(c, self, pair[1], fn, data);
	r = pid < 0 ? err_sys(err, errno, "make a process") : 0;
	close(pair[1]);
	if (r == 0)
		r = await(pair[0], err);
	close(pair[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return r;
}
