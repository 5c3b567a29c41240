/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attach/internal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/sys.h"
#include "guest/guest.h"
#include "security/security.h"

#define ENTER_TIME (10 * CLOCK_SECOND)

#define BIT(n) (UINT64_C(1) << (n))
#define KEEP   (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_SETFCAP))

void inside_init(struct inside *in)
{
	*in = (struct inside){ .init = -1, .tree = -1, .userns = -1, .lock = -1 };
}

void inside_done(struct inside *in)
{
	const int fds[] = { in->init, in->tree, in->userns, in->lock };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	inside_init(in);
}

int inside_running(const struct store *store, const char *name, struct inside *ret, struct err *err)
{
	struct entry e = { .init = -1, .seccomp = -1 };
	int r = entry_ask(store, name, true, &e, err);

	inside_init(ret);
	if (r == 0) {
		ret->init = steal_fd(&e.init);
		ret->idmapped = e.who.idmapped;
	}
	entry_done(&e);
	return r;
}

static int join(const struct inside *in, struct err *err)
{
	int r = 0;

	if (in->init >= 0)
		r = setns(in->init, CLONE_NEWNS | (in->idmapped ? CLONE_NEWUSER : 0));
	else if (in->idmapped)
		r = setns(in->userns, CLONE_NEWUSER);
	if (r < 0)
		return errno == ESRCH ? err_set(err, ESRCH, "is not running") : err_sys(err, errno, "enter the namespaces");
	return 0;
}

/* Not dumpable all the way: what is open here is the host's, whoever could look in. */
static int become_root(struct err *err)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(err, errno, "become root of the container");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "hide from the guest");
	return security_drop_caps(KEEP, err);
}

static int open_root(const struct inside *in, struct err *err)
{
	int fd = in->init >= 0 ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : fcntl(in->tree, F_DUPFD_CLOEXEC, 3);

	return fd < 0 ? err_sys(err, errno, "open the container's root") : fd;
}

/* The socket becomes 3, /proc/self/fd 4 and the root 5: nothing else of the caller's stays open, its output least of all,
 * for whose end somebody may wait. */
static int settle(const struct inside *in, int sock, struct inside_view *ret, struct err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fds[] = { sock, fd_self(err), -1 };
	int r = fds[1] < 0 ? fds[1] : join(in, err);

	if (r == 0)
		r = fds[2] = open_root(in, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3 + (int)ARRAY_SIZE(fds));
	for (int i = 0; i < 3 && null >= 0; i++)
		if (dup2(null, i) < 0)
			null = -1;
	for (size_t i = 0; i < ARRAY_SIZE(fds) && null >= 0; i++)
		if (fds[i] < 0 || dup3(fds[i], 3 + (int)i, O_CLOEXEC) < 0)
			null = -1;
	if (null < 0 || sys_close_range(3 + ARRAY_SIZE(fds), ~0U, 0) < 0)
		return err_sys(err, errno, "keep descriptors");
	*ret = (struct inside_view){ .sock = 3, .self = 4, .root = 5 };
	return 0;
}

static _Noreturn void live(const struct inside *in, int sock, inside_fn *fn, void *data)
{
	struct inside_view view = { .sock = sock };
	struct err said = { 0 };
	sigset_t all;
	int r = 0;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	umask(0);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = err_sys(&said, errno, "hide from the guest");
	if (r == 0)
		r = settle(in, sock, &view, &said);
	if (r == 0 && fchdir(view.root) < 0)
		r = err_sys(&said, errno, "change to the container's root");
	if (r == 0)
		r = become_root(&said);
	(void)fd_send(view.sock, &said, sizeof said, NULL, 0);
	if (r == 0)
		fn(&view, data);
	_exit(r < 0);
}

/* Its first word: that it is in place, or why not. */
static int await(int sock, struct err *err)
{
	struct err said;
	int r = fd_wait(sock, POLLIN, clock_in(ENTER_TIME));

	if (r < 0)
		return err_sys(err, -r, "wait for the process inside");
	if (fd_recv(sock, &said, sizeof said, NULL, 0, NULL) != sizeof said)
		return err_set(err, ECHILD, "the process inside has ended early");
	if (said.code)
		*err = said;
	return -said.code;
}

pid_t inside_start(const struct inside *in, inside_fn *fn, void *data, int *ret_sock, struct err *err)
{
	autoclose int ours = -1;
	int pair[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	ours = pair[0];
	pid = fork();
	if (pid == 0)
		live(in, pair[1], fn, data);
	r = errno;
	close(pair[1]);
	if (pid < 0)
		return err_sys(err, r, "make a process");
	r = await(ours, err);
	if (r < 0) {
		close(steal_fd(&ours));
		kill(pid, SIGKILL);
		(void)proc_wait(pid, clock_in(CLOCK_SECOND), NULL, NULL);
		return r;
	}
	*ret_sock = steal_fd(&ours);
	return pid;
}

int inside_user(const struct inside_view *view, const char *user, const char *group, uid_t *ret_uid, gid_t *ret_gid,
		struct err *err)
{
	struct user u;
	int r = user_load(&u, view->root, user, group, err);

	if (r < 0)
		return r;
	*ret_uid = u.uid;
	*ret_gid = u.gid;
	return 0;
}
