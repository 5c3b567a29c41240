/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table, upwards: the parent's rows here, the child's behind the clone. They talk over one SEQPACKET pair: down go
 * "rows to here are done" with descriptors, up come a message a row, the console and errors. A successful exec closes
 * the child's end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "boot/internal.h"
#include "store/last.h"

#define CHILD_TIME  (60 * CLOCK_SECOND)
#define CONSOLE_FDS (4 + TTY_MOST)

enum report_kind {
	REPORT_BEGINS,
	REPORT_CONSOLE, /* with console, console_peer, notify, n_ttys terminals, and diag where there is one */
	REPORT_FAILED,
};

struct report {
	enum report_kind kind;
	size_t step, n_ttys;
	struct err err;
};

/* --- the child's side ----------------------------------------------------------------------------------------------- */

static int report(struct boot *b, enum report_kind kind, size_t step, const struct err *err)
{
	struct report r = { .kind = kind, .step = step };

	if (err)
		r.err = *err;
	return fd_send(b->peer, &r, sizeof r, NULL, 0);
}

static void fail(struct boot *b, size_t step, const struct err *err) __attribute__((noreturn));
static void fail(struct boot *b, size_t step, const struct err *err)
{
	report(b, REPORT_FAILED, step, err);
	_exit(EXIT_FAILURE);
}

int boot_send_console(struct boot *b, struct err *err)
{
	int fds[CONSOLE_FDS] = { b->console, b->console_peer, b->notify };
	struct report r = { .kind = REPORT_CONSOLE, .n_ttys = b->n_ttys };
	size_t n = 3 + b->n_ttys;

	memcpy(fds + 3, b->ttys, b->n_ttys * sizeof *fds);
	if (b->diag >= 0)
		fds[n++] = b->diag;
	int e = fd_send(b->peer, &r, sizeof r, fds, n);

	return e < 0 ? err_sys(err, -e, "hand the console to the host") : 0;
}

/* Until the parent has done row `until`. */
static void await(struct boot *b, size_t until, size_t *done)
{
	while (*done < until)
		if (fd_recv(b->peer, done, sizeof *done, b->passed, ARRAY_SIZE(b->passed), &b->n_passed) != sizeof *done)
			_exit(EXIT_FAILURE); /* the parent is gone */
}

void boot_child(struct boot *b)
{
	size_t until = 0, done = 0;
	struct err err = { 0 };

	for (size_t i = 0; i < n_steps; i++) {
		if (steps[i].side == PARENT) {
			until = i;
			continue;
		}
		int r = report(b, REPORT_BEGINS, i, NULL);
		if (r < 0) { /* the parent counts the rows: it would not know of an exec */
			err_sys(&err, -r, "tell that it begins");
			fail(b, i, &err);
		}
		await(b, until, &done);
		if (steps[i].up(b, &err) < 0)
			fail(b, i, &err);
	}
	_exit(EXIT_FAILURE); /* the last row execs */
}

/* --- the parent's side ---------------------------------------------------------------------------------------------- */

/* The end of a row: where tests kill us. */
static void row_done(const struct boot *b, size_t row)
{
	debug_point(b->from ? "reboot:up" : "boot:up", steps[row].name);
}

static int take_console(struct boot *b, const struct report *r, const int *fds, size_t n_fds, struct err *err)
{
	if (r->n_ttys > TTY_MOST || n_fds < 3 + r->n_ttys)
		return err_set(err, EPROTO, "%s: the console did not arrive", steps[r->step].name);
	b->console = fds[0];
	b->console_peer = fds[1];
	b->notify = fds[2];
	b->n_ttys = r->n_ttys;
	memcpy(b->ttys, fds + 3, r->n_ttys * sizeof *fds);
	b->diag = n_fds > 3 + r->n_ttys ? fds[n_fds - 1] : -1;
	return 0;
}

static int take_report(struct boot *b, const struct report *r, const int *fds, size_t n_fds, size_t *step, struct err *err)
{
	switch (r->kind) {
	case REPORT_BEGINS:
		if (*step)
			row_done(b, *step);
		*step = r->step;
		return 0;
	case REPORT_CONSOLE:
		return take_console(b, r, fds, n_fds, err);
	case REPORT_FAILED:
		*err = r->err;
		return err_wrap(err, "%s", steps[r->step].name);
	}
	return err_set(err, EPROTO, "%s: unknown message", steps[*step].name);
}

/* Has the kernel killed somebody in its cgroup for want of memory? */
static bool ran_out_of_memory(const struct boot *b)
{
	struct cgroup_usage usage;

	return cgroup_usage(&b->cgroup, &usage, NULL) == 0 && usage.oom_kills != UINT64_MAX && usage.oom_kills > 0;
}

/* The child's end is closed: by the exec of init, or by its death before that. */
static int closed(const struct boot *b, size_t step, struct err *err)
{
	siginfo_t info = { 0 };
	char text[48];

	if (step == n_steps - 1) {
		row_done(b, step);
		return 0;
	}
	/* a socket is closed a moment before its process can be waited for */
	if (waitid(P_PIDFD, (id_t)b->pidfd, &info, WEXITED | WNOWAIT) < 0)
		return err_sys(err, errno, "%s: wait for the child", steps[step].name);
	if (info.si_code != CLD_EXITED && info.si_status == SIGKILL && ran_out_of_memory(b))
		return err_set(err, ENOMEM,
			       "%s: memory ran out: limits.memory is too little for a start, the kernel killed it",
			       steps[step].name);
	return err_set(err, ECHILD, "%s: the child ended early: %s", steps[step].name,
		       proc_status_text(info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : info.si_status, text));
}

/* It is mgr-init by now, and has tried. */
static int cannot_run(struct boot *b, const struct init_report *report, struct err *err)
{
	b->exit_code = report->exit_code;
	*err = report->err;
	return err->code ? -err->code : err_set(err, EPROTO, "the command could not be run");
}

static uint64_t child_deadline(const struct boot *b)
{
	return clock_in(CHILD_TIME + hook_child_time(b));
}

/* What the child has to say, until it comes to this row; to its end with n_steps. */
static int listen_to_child(struct boot *b, size_t until, uint64_t deadline, struct err *err)
{
	size_t *step = &b->child_step;

	while (*step < until) {
		struct report r = { 0 };
		int fds[CONSOLE_FDS];
		size_t n = 0;
		ssize_t got;
		int e = fd_wait(b->peer, POLLIN, deadline);

		if (e < 0)
			return err_sys(err, -e, "%s: wait for the child", steps[*step].name);
		got = fd_recv(b->peer, &r, sizeof r, fds, CONSOLE_FDS, &n);
		if (got == -ECONNRESET) /* it went without having read what we said: told once, before what it said itself */
			continue;
		if (got == 0)
			return closed(b, *step, err);
		if (got == sizeof(struct init_report))
			return cannot_run(b, (const struct init_report *)(const void *)&r, err);
		if (got != sizeof r || r.step >= n_steps)
			return err_set(err, EPROTO, "%s: the child sent what is no message", steps[*step].name);
		e = take_report(b, &r, fds, n, step, err);
		if (e < 0)
			return e;
	}
	return 0;
}

int boot_await_child(struct boot *b, int (*up)(struct boot *b, struct err *err), struct err *err)
{
	size_t row = 0;

	while (steps[row].up != up || steps[row].side == PARENT)
		row++;
	b->child_failed = listen_to_child(b, row, child_deadline(b), err) < 0;
	return b->child_failed ? -err->code : 0;
}

/* With the descriptors that the rows have left for it. */
static int tell_child(struct boot *b, size_t row, struct err *err)
{
	int e = fd_send(b->peer, &row, sizeof row, b->passed, b->n_passed);

	while (b->n_passed > 0)
		close(b->passed[--b->n_passed]);
	if (e == -EPIPE || e == -ECONNRESET) /* it failed: its reason is in the queue */
		return listen_to_child(b, n_steps, child_deadline(b), err) < 0
			       ? -err->code
			       : err_set(err, ECHILD, "%s: the child is gone", steps[row].name);
	return e < 0 ? err_sys(err, -e, "%s: tell the child", steps[row].name) : 0;
}

/* Is it on its way out? It has lost its namespaces then, a moment before its end of the socket closes. */
static bool is_ending(const struct boot *b)
{
	char path[48];

	str_print(path, sizeof path, "/proc/%d/ns/net", (int)b->pid);
	return access(path, F_OK) < 0;
}

/* A child that has failed before is the reason: what the parent still wanted of it is gone. */
static int row_failed(struct boot *b, size_t row, struct err *err)
{
	struct err child = { 0 };
	uint64_t until;

	if (b->child_failed)
		return -err->code;
	until = b->pid > 0 && is_ending(b) ? child_deadline(b) : clock_now();
	if (b->pid > 0 && listen_to_child(b, n_steps, until, &child) < 0 && child.code != ETIMEDOUT) {
		*err = child;
		return -err->code;
	}
	return err_wrap(err, "%s", steps[row].name);
}

static int run_rows(struct boot *b, struct err *err)
{
	for (size_t i = 0; i < n_steps; i++) {
		if (steps[i].side == CHILD)
			continue;
		if (steps[i].up(b, err) < 0)
			return row_failed(b, i, err);
		row_done(b, i);
		if (steps[i + 1].side == CHILD && tell_child(b, i, err) < 0)
			return -err->code;
	}
	return listen_to_child(b, n_steps, child_deadline(b), err);
}

void boot_abort(struct boot *b)
{
	const struct down d = down_of(b);
	struct err down = { 0 };

	boot_drop_storage(b);
	if (b->pid > 0) {
		sys_pidfd_send_signal(b->pidfd, SIGKILL);
		waitpid(b->pid, NULL, 0);
		b->pid = 0;
	}
	if (boot_down(&d, &down) < 0)
		log_error("undo: %s", down.msg);
}

void boot_write_last(int folder, const char *failed)
{
	struct last last, before;
	struct timespec now;

	(void)last_read(folder, &before, NULL);
	last = (struct last){ .status = LAST_NO_STATUS };
	memcpy(last.lost, before.lost, sizeof last.lost); /* nothing has made that good */
	clock_gettime(CLOCK_REALTIME, &now);
	last.ended = (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
	str_print(last.failed, sizeof last.failed, "%s", failed);
	if (last_write(folder, &last, NULL) < 0)
		log_warn("how the run ended could not be kept");
}

int boot_run(struct boot *b, struct err *err)
{
	int r = run_rows(b, err);

	if (r == 0)
		r = store_lock_phase(b->lock, STORE_RUNNING);
	if (r == 0)
		return 0;
	if (!err->code)
		err_sys(err, -r, "write the lock");
	log_error("%s", err->msg);
	boot_abort(b);
	boot_write_last(b->folder, err->msg);
	return -err->code;
}
