/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/sys.h"
#include "tty/tty.h"
#include "wire/wire.h"

#define STOP_PATIENCE (60 * CLOCK_SECOND)
#define ANSWER_TIME   (10 * CLOCK_SECOND)

struct run {
	const struct lib_foreground *how;
	int sock;
	int init; /* pidfd; -1: it has ended already */
	bool stopping;
	struct wire_status status; /* the last that was heard */
};

/* Ask for the end; asked again, for a quick one. The answer is passed over: what happens is heard anyway. */
static void stop(struct run *run)
{
	const struct wire_stop ask = { .how = run->stopping ? WIRE_KILL : WIRE_HALT, .timeout = STOP_PATIENCE };

	wire_send(run->sock, WIRE_STOP, 0, &ask, sizeof ask, NULL, 0, NULL);
	run->stopping = true;
}

static int signalled(struct tty_console *c, int sig)
{
	struct run *run = c->data;

	if (run->how->pass)
		sys_pidfd_send_signal(run->init, sig);
	else if (sig != SIGUSR1 && sig != SIGUSR2)
		stop(run);
	return 0;
}

/* Until the supervisor has said its last word; how the relay ended. */
static int attend(struct run *run, int in, int out, uint64_t answer_by, struct err *err)
{
	struct tty_console c = { .sock = run->sock,
				 .in = in,
				 .out = out,
				 .escape = -1,
				 .answer_by = answer_by,
				 .signalled = signalled,
				 .status_first = run->how->pass,
				 .has_status = run->status.supervisor_pid,
				 .status = run->status,
				 .data = run };
	int r = tty_console_run(&c, err);

	if (c.has_status)
		run->status = c.status;
	return r;
}

/* The terminal is gone: it ends without one. */
static int attend_blind(struct run *run, struct err *err)
{
	autoclose int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0)
		return err_sys(err, errno, "open '/dev/null'");
	stop(run);
	return attend(run, -1, null, CLOCK_NEVER, err);
}

static int exit_code(const struct run *run, struct err *err)
{
	const struct wire_status *st = &run->status;

	if (!st->ended || (st->state != WIRE_STOPPED && st->state != WIRE_ABORTING))
		return err_set(err, ECONNRESET, "its supervisor has ended: how it went is not known");
	if (st->state == WIRE_ABORTING)
		return err_set(err, EIO, "has ended, but what it used could not all be taken away: its log tells more");
	if (WIFEXITED(st->exit_status))
		return WEXITSTATUS(st->exit_status);
	/* what reboot(2) ends the init of a pid namespace with: a power-off, and a reboot that became one */
	if (WTERMSIG(st->exit_status) == SIGINT || WTERMSIG(st->exit_status) == SIGHUP)
		return 0;
	return 128 + WTERMSIG(st->exit_status);
}

/* The first answer, which is about the init that has just been started: what comes now is for it. */
static int meet(struct run *run, struct err *err)
{
	int r = wire_recv(run->sock, WIRE_WATCH, &run->status, sizeof run->status, NULL, 0, NULL, clock_in(ANSWER_TIME),
			  err);

	if (r >= 0 && run->status.init_pid)
		run->init = sys_pidfd_open(run->status.init_pid);
	return r;
}

static int stay(struct run *run, struct err *err)
{
	const struct lib_foreground *how = run->how;
	int r = meet(run, err);

	if (r >= 0)
		r = attend(run, how->console ? how->in : -1, how->console ? how->out : -1,
			   how->console ? clock_in(ANSWER_TIME) : CLOCK_NEVER, err);

	if (r == TTY_CONSOLE_HUNG_UP)
		r = attend_blind(run, err);
	else if (r < 0 && r != -ECONNRESET)
		attend_blind(run, NULL);
	return r < 0 && r != -ECONNRESET ? r : exit_code(run, err);
}

/* What is to be heard and shown is asked for before there is anything to miss. */
static int ask(const struct run *run, struct err *err)
{
	const struct lib_foreground *how = run->how;
	int r = wire_send(run->sock, WIRE_WATCH, 0, NULL, 0, NULL, 0, err);

	if (r == 0 && how->console)
		r = tty_console_ask(run->sock, 0, false, isatty(how->in) == 1 ? how->in : how->out, err);
	return r;
}

static int start_and_stay(struct run *run, const struct store *store, const char *name, struct lib_start *start, int *theirs,
			  struct err *err)
{
	int r = ask(run, err);

	start->client = *theirs;
	if (r == 0)
		r = lib_start(store, name, start, err);
	if (r == 1)
		return err_set(err, EBUSY, "is running already");
	close(steal_fd(theirs));
	return r < 0 ? r : stay(run, err);
}

int lib_foreground(const struct store *store, const char *name, struct lib_start *start, const struct lib_foreground *how,
		   struct err *err)
{
	struct run run = { .how = how, .init = -1 };
	autoclose int ours = -1, theirs = -1;
	sigset_t signals, before;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	run.sock = ours = pair[0];
	theirs = pair[1];
	tty_relay_signals(&signals); /* those that come during the start are heard after it */
	sigprocmask(SIG_BLOCK, &signals, &before);
	r = start_and_stay(&run, store, name, start, &theirs, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (run.init >= 0)
		close(run.init);
	if (how->oom_kills)
		*how->oom_kills = run.status.oom_kills;
	return r;
}
