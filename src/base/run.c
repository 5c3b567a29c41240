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

#define SAID_MAX 4096 /* bytes that are kept of it */
#define TOLD_MAX 300  /* bytes of a line that are passed on: room for what an error says beside it */
#define FDS_MAX  8

/* Of the signals that end a command those that are blocked. */
static int open_signals(void)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t blocked, set;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (sigismember(&blocked, ending[i]))
			sigaddset(&set, ending[i]);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct said {
	char text[SAID_MAX];
	size_t len;
	proc_progress_fn *progress; /* hears the lines that tell how far it is; NULL: there are none */
	void *data;
};

/* What tells how far it is are no words of it. */
static void take_progress(struct said *said)
{
	uint64_t done, total;

	for (char *line = said->text, *end; said->progress && (end = strchr(line, '\n'));) {
		if (sscanf(line, PROC_PROGRESS, &done, &total) != 2) {
			line = end + 1;
			continue;
		}
		said->progress(done, total, said->data);
		memmove(line, end + 1, strlen(end + 1) + 1);
		said->len = strlen(said->text);
	}
}

/* Its last words are the ones that count. False once nobody can write any more. */
static bool read_said(int fd, struct said *said)
{
	ssize_t n;

	if (said->len == SAID_MAX - 1) {
		memmove(said->text, said->text + SAID_MAX / 2, SAID_MAX - 1 - SAID_MAX / 2);
		said->len -= SAID_MAX / 2;
	}
	n = read(fd, said->text + said->len, SAID_MAX - 1 - said->len);
	if (n > 0)
		said->len += (size_t)n;
	said->text[said->len] = '\0';
	take_progress(said);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Until it has ended or a signal asks us to. */
static int follow(int pidfd, int signals, int from, struct said *said)
{
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
				{ .fd = signals, .events = POLLIN },
				{ .fd = from, .events = POLLIN } };

	while (!fds[0].revents) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			return -EINTR;
		if (fds[2].revents && !read_said(from, said))
			fds[2].fd = -1;
	}
	for (struct pollfd rest = { .fd = from, .events = POLLIN }; poll(&rest, 1, 0) > 0;)
		if (!read_said(from, said))
			break;
	return 0;
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

static int finish(pid_t pid, int followed, const char *program, char *said, struct err *err)
{
	autocall(str_done) struct str line = { 0 };
	const char *last = last_line(said);
	char text[48];
	int status, r;

	if (followed < 0)
		kill(-pid, SIGKILL);
	r = proc_wait(pid, CLOCK_NEVER, &status, err);
	if (r < 0)
		return r;
	if (followed == -EINTR)
		return err_set(err, EINTR, "interrupted");
	if (followed < 0)
		return err_sys(err, -followed, "%s", program);
	if (status == 0)
		return 0;
	str_add_escaped(&line, last, strlen(last));
	if (line.len > TOLD_MAX) /* the reason is at its end */
		return err_set(err, ECANCELED, "...%s", str_text(&line) + line.len - TOLD_MAX);
	if (line.len)
		return err_set(err, ECANCELED, "%s", str_text(&line));
	return err_set(err, ECANCELED, "%s: %s", program, proc_status_text(status, text));
}

static int run(const char *const argv[], const struct proc_fd *fds, size_t n, bool lasting, proc_progress_fn *progress,
	       void *data, struct err *err)
{
	autoclose int signals = lasting ? -1 : open_signals(), from = -1, to = -1, pidfd = -1;
	struct proc_fd given[FDS_MAX + 1];
	struct said said = { .progress = progress, .data = data };
	int ends[2];
	pid_t pid;

	if (n > FDS_MAX)
		return err_sys(err, E2BIG, "run '%s'", argv[0]);
	if ((signals < 0 && !lasting) || pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "run '%s'", argv[0]);
	from = ends[0];
	to = ends[1];
	if (n)
		memcpy(given, fds, n * sizeof *fds);
	given[n] = (struct proc_fd){ to, STDERR_FILENO };
	pid = lasting ? proc_spawn_lasting(argv, given, n + 1, err) : proc_spawn_session(argv, given, n + 1, NULL, err);
	if (pid < 0)
		return pid;
	close(steal_fd(&to));
	pidfd = sys_pidfd_open(pid);
	return finish(pid, pidfd < 0 ? -errno : follow(pidfd, signals, from, &said), argv[0], said.text, err);
}

int proc_run_progress(const char *const argv[], const struct proc_fd *fds, size_t n, proc_progress_fn *progress, void *data,
		      struct err *err)
{
	return run(argv, fds, n, false, progress, data, err);
}

int proc_run(const char *const argv[], const struct proc_fd *fds, size_t n, struct err *err)
{
	return run(argv, fds, n, false, NULL, NULL, err);
}

int proc_run_lasting(const char *const argv[], const struct proc_fd *fds, size_t n, struct err *err)
{
	return run(argv, fds, n, true, NULL, NULL, err);
}
