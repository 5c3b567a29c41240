/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that does a piece of our work, to its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"

#define SAID_MAX 16384 /* bytes that are kept of it */
#define TOLD_MAX 300   /* bytes of a line that are passed on: room for what an error says beside it */
#define FDS_MAX  8

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

bool proc_is_to_end(void)
{
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigismember(&pending, ending[i]) > 0)
			return true;
	return false;
}

/* Of the signals that end a command those that are blocked. */
static int open_signals(void)
{
	sigset_t blocked, set;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigismember(&blocked, ending[i]))
			sigaddset(&set, ending[i]);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct running {
	const struct proc_job *job;
	int pidfd; /* or -errno */
	int signals;
	int said_from, out_from; /* -1: nobody can write any more, or nobody wants it */
	struct str out;
	size_t len;
	char said[SAID_MAX];
};

/* What tells how far it is are no words of it. */
static void take_progress(struct running *run)
{
	uint64_t done, total;

	for (char *line = run->said, *end; run->job->progress && (end = strchr(line, '\n'));) {
		if (sscanf(line, PROC_PROGRESS, &done, &total) != 2) {
			line = end + 1;
			continue;
		}
		run->job->progress(done, total, run->job->data);
		memmove(line, end + 1, strlen(end + 1) + 1);
		run->len = strlen(run->said);
	}
}

static bool may_come(ssize_t n)
{
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Its last words are the ones that count. */
static void read_said(struct running *run)
{
	ssize_t n;

	if (run->len == SAID_MAX - 1) {
		memmove(run->said, run->said + SAID_MAX / 2, SAID_MAX - 1 - SAID_MAX / 2);
		run->len -= SAID_MAX / 2;
	}
	n = read(run->said_from, run->said + run->len, SAID_MAX - 1 - run->len);
	if (!may_come(n))
		close(steal_fd(&run->said_from));
	if (n > 0)
		run->len += (size_t)n;
	run->said[run->len] = '\0';
	take_progress(run);
}

static int read_out(struct running *run)
{
	char bytes[4096];
	ssize_t n = read(run->out_from, bytes, sizeof bytes);

	if (!may_come(n))
		close(steal_fd(&run->out_from));
	if (n > 0)
		str_addn(&run->out, bytes, (size_t)n);
	return run->out.failed ? -ENOMEM : run->out.len > run->job->out_max ? -EFBIG : 0;
}

/* What there is to read; 1 when it has ended; -EINTR when a signal asks us to end. */
static int hear(struct running *run, uint64_t deadline)
{
	struct pollfd fds[] = { { .fd = run->pidfd, .events = POLLIN },
				{ .fd = run->signals, .events = POLLIN },
				{ .fd = run->said_from, .events = POLLIN },
				{ .fd = run->out_from, .events = POLLIN } };
	int n = poll(fds, ARRAY_SIZE(fds), clock_left_ms(deadline)), r = 0;

	if (n <= 0)
		return n == 0 ? -ETIMEDOUT : errno == EINTR ? 0 : -errno;
	if (fds[1].revents)
		return -EINTR;
	if (fds[2].revents)
		read_said(run);
	if (fds[3].revents)
		r = read_out(run);
	return r == 0 && fds[0].revents && !fds[2].revents && !fds[3].revents ? 1 : r;
}

static int follow(struct running *run)
{
	const uint64_t deadline = clock_in(run->job->longest ? run->job->longest : CLOCK_NEVER);
	int r = run->pidfd < 0 ? run->pidfd : 0;

	while (r == 0)
		r = hear(run, deadline);
	return r < 0 ? r : 0;
}

static const char *last_line(char *said)
{
	size_t n = strlen(said);
	const char *newline;

	while (n && said[n - 1] == '\n')
		said[--n] = '\0';
	newline = strrchr(said, '\n');
	return newline ? newline + 1 : said;
}

static int complain(struct running *run, int status, struct err *err)
{
	autocall(str_done) struct str line = { 0 };
	const char *last = last_line(run->said);
	char text[48];

	str_add_escaped(&line, last, strlen(last));
	if (line.len > TOLD_MAX) /* the reason is at its end */
		return err_set(err, ECANCELED, "...%s", str_text(&line) + line.len - TOLD_MAX);
	if (line.len)
		return err_set(err, ECANCELED, "%s", str_text(&line));
	return err_set(err, ECANCELED, "%s: %s", run->job->argv[0], proc_status_text(status, text));
}

static int finish(struct running *run, pid_t pid, struct err *err)
{
	const struct proc_job *job = run->job;
	const int followed = follow(run);
	int status, r;

	if (followed < 0)
		kill(-pid, SIGKILL);
	r = proc_wait(pid, CLOCK_NEVER, &status, err);
	if (r < 0)
		return r;
	if (followed == -EINTR)
		return err_set(err, EINTR, "interrupted");
	if (followed < 0)
		return err_sys(err, -followed, "%s", job->argv[0]);
	if (status)
		return complain(run, status, err);
	if (job->words && !(*job->words = strdup(run->said)))
		return err_nomem(err);
	if (job->out && !(*job->out = str_steal(&run->out)))
		return err_nomem(err);
	return 0;
}

/* A pipe for what it writes as `number`. Returns our end. */
static int catch (struct proc_fd *given, int number, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	*given = (struct proc_fd){ ends[1], number };
	return ends[0];
}

static int start(struct running *run, struct err *err)
{
	const struct proc_job *job = run->job;
	struct proc_fd given[FDS_MAX + 2];
	size_t n = job->n;
	pid_t pid = -1;

	if (n > FDS_MAX)
		return err_sys(err, E2BIG, "run '%s'", job->argv[0]);
	if (n)
		memcpy(given, job->fds, n * sizeof *given);
	run->signals = job->lasting ? -1 : open_signals();
	if (run->signals < 0 && !job->lasting)
		return err_sys(err, errno, "run '%s'", job->argv[0]);
	run->said_from = catch (&given[n], STDERR_FILENO, err);
	n += run->said_from >= 0;
	if (run->said_from >= 0 && job->out)
		run->out_from = catch (&given[n], STDOUT_FILENO, err);
	n += run->out_from >= 0;
	if (n == job->n + 1 + (job->out != NULL))
		pid = proc_spawn_session(job->argv, given, n, NULL, job->lasting, err);
	while (n > job->n)
		close(given[--n].from);
	if (pid >= 0 && (run->pidfd = sys_pidfd_open(pid)) < 0)
		run->pidfd = -errno;
	return pid < 0 ? -err->code : pid;
}

int proc_run_job(const struct proc_job *job, struct err *err)
{
	struct err unheard = { 0 };
	struct running run = { .job = job, .pidfd = -1, .signals = -1, .said_from = -1, .out_from = -1 };
	int *const fds[] = { &run.pidfd, &run.signals, &run.said_from, &run.out_from };
	pid_t pid = start(&run, err ? err : &unheard);
	int r = pid < 0 ? pid : finish(&run, pid, err);

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		cleanup_close(fds[i]);
	str_done(&run.out);
	return r;
}

int proc_run(const char *const argv[], const struct proc_fd *fds, size_t n, struct err *err)
{
	return proc_run_job(&(struct proc_job){ .argv = argv, .fds = fds, .n = n }, err);
}
