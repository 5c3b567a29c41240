/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The side of an attach that stays on the host: asks the supervisor, makes the process, waits for it. */
#include "attach/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/internal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/clone.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "security/security.h"
#include "tty/tty.h"

#define ENTER_TIME (10 * CLOCK_SECOND) /* until the command runs */
#define KILL_TIME  CLOCK_SECOND

/* A frozen container's new process would freeze too, and we would wait for it: by whatever hierarchy it is frozen. */
static int check_frozen(const struct cgroup *cg, struct err *err)
{
	char text[128];

	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_hierarchy *h = &cg->h[i];
		int r = file_read_small_at(h->dir, h->v2 ? "cgroup.events" : "freezer.state", text, sizeof text, NULL);
		if (r >= 0 && (h->v2 ? strstr(text, "frozen 1") != NULL : !strstr(text, "THAWED")))
			return err_set(err, EBUSY, "is frozen: mgr-unfreeze lets it run on");
	}
	return 0;
}

/* Once the guest gives controllers to cgroups of its own, none of its processes may be beside them (cgroup-v2.rst, "No
 * Internal Process Constraint"): a process of ours there would be in its way, and it in ours. */
static bool needs_leaf(int cgroup)
{
	char controllers[128];

	return file_read_small_at(cgroup, "cgroup.controllers", controllers, sizeof controllers, NULL) > 0;
}

/* The guest's root owns the leaf: it may have frozen it. */
static bool is_frozen(int leaf)
{
	char text[16];

	return file_read_small_at(leaf, "cgroup.freeze", text, sizeof text, NULL) > 0 && text[0] == '1';
}

/* fork() straight into the container's v2 cgroup, or a leaf of it; what the guest has made there may forbid either. */
static pid_t clone_into(const struct entry *e, int *ret_pidfd, struct err *err)
{
	int cgroup = cgroup_clone_fd(&e->cgroup);
	bool leaf_first = cgroup >= 0 && needs_leaf(cgroup);
	bool full = false;
	pid_t pid = -EBUSY;

	for (int i = 0; i < 2 && (pid == -EBUSY || pid == -EOPNOTSUPP || pid == -EAGAIN); i++) {
		bool in_leaf = cgroup >= 0 && leaf_first == (i == 0);
		autoclose int leaf = in_leaf ? cgroup_leaf(cgroup, e->who.init_uid, err) : -1;
		if (leaf >= 0 && is_frozen(leaf))
			return err_set(err, EBUSY, "has frozen the cgroup that commands run in");
		if (!in_leaf || leaf >= 0)
			pid = clone_process(0, in_leaf ? leaf : cgroup, ret_pidfd);
		full = full || pid == -EAGAIN;
	}
	if (pid == -ENODEV || pid == -ENOMEM) /* its cgroup is gone; its pid namespace has ended */
		return err_set(err, ESRCH, "is not running");
	if (pid < 0 && full)
		return err_set(err, EAGAIN,
			       "has no room for one more process: limits.pids, or a limit of its own for what is attached");
	if (pid < 0)
		return err_sys(err, -pid, "make a process in the container");
	err_clear(err); /* a leaf that could not be made does not matter any longer */
	return pid;
}

/* What the process says before it runs the command: its pty, its failure. 0 when it runs. */
static int listen_to(int report, struct tty_relay *relay, int *ret_peer, struct err *err)
{
	const uint64_t deadline = clock_in(ENTER_TIME);
	struct entry_report said;
	int fds[2];
	size_t n;

	for (;;) {
		int r = fd_wait(report, POLLIN, deadline);
		if (r < 0)
			return r == -ETIMEDOUT
				       ? err_set(err, ETIMEDOUT, "the process inside does not come to run the command")
				       : err_sys(err, -r, "wait for the process inside");
		ssize_t got = fd_recv(report, &said, sizeof said, fds, ARRAY_SIZE(fds), &n);
		if (got == 0)
			return 0;
		if (got != sizeof said)
			return err_set(err, EIO, "lost the process inside before it ran the command");
		if (said.exit_code) {
			*err = said.err;
			return said.exit_code == 125 ? -err->code : said.exit_code;
		}
		if (n == 2) {
			relay->master = fds[0];
			*ret_peer =
				fds[1]; /* held, or the master would report a hang-up whenever nobody inside has it open */
		}
	}
}

static int wait_status(pid_t pid, struct err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for the command");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The terminals between which the relay works: what the user types on comes first, the answer goes where output does. */
static void choose_terminals(const struct entry *e, struct tty_relay *relay)
{
	if (relay->master < 0)
		return;
	relay->in = e->stdio.in;
	relay->out = e->stdio.out;
}

static int attend(struct entry *e, pid_t pid, int pidfd, int report, int signals, struct err *err)
{
	struct tty_relay relay = { .pidfd = pidfd, .signals = signals, .pgid = pid, .in = -1, .out = -1, .master = -1 };
	autoclose int peer = -1, master = -1;
	int r = listen_to(report, &relay, &peer, err), code;

	master = relay.master;
	if (r != 0) {
		if (r == -ETIMEDOUT) /* something holds it: it must not run the command later */
			sys_pidfd_send_signal(pidfd, SIGKILL);
		if (fd_wait(pidfd, POLLIN, clock_in(KILL_TIME)) == 0)
			(void)wait_status(pid, NULL);
		return r;
	}
	choose_terminals(e, &relay);
	code = tty_relay_run(&relay, err);
	if (code == -EIO) /* the terminal is gone, the pty goes with us */
		return 128 + SIGHUP;
	return code < 0 ? code : wait_status(pid, err);
}

/* Signals blocked and readable, the socket made: then the process. */
static int run(struct entry *e, struct err *err)
{
	autoclose int signals = -1, pidfd = -1;
	sigset_t passed;
	int pair[2], r;

	tty_relay_signals(&passed);
	sigprocmask(SIG_BLOCK, &passed, &e->mask);
	signals = signalfd(-1, &passed, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_sys(err, errno, "signalfd");
	if (setns(e->init, CLONE_NEWPID) < 0)
		return errno == ESRCH ? err_set(err, ESRCH, "is not running")
				      : err_sys(err, errno, "enter the pid namespace");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "socketpair");
	pid_t pid = clone_into(e, &pidfd, err);
	if (pid == 0) {
		e->report = pair[1];
		entry_run(e);
	}
	close(pair[1]);
	r = pid < 0 ? pid : attend(e, pid, pidfd, pair[0], signals, err);
	close(pair[0]);
	return r;
}

int attach_run(const struct store *store, const char *name, const struct attach_conf *conf, struct err *err)
{
	struct entry e = { .conf = conf, .init = -1, .seccomp = -1 };
	int r = tty_look_at_stdio(&e.stdio, err);

	if (r == 0)
		r = entry_ask(store, name, false, &e, err);
	if (r == 0)
		r = check_frozen(&e.cgroup, err);
	if (r == 0)
		r = security_label_of(e.init, &e.label, err);
	if (r == 0 && !e.who.idmapped)
		r = run_as_copy(conf->again, err);
	if (r == 0)
		r = run(&e, err);
	entry_done(&e);
	return r;
}
