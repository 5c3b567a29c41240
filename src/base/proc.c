/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/sys.h"

/* In the child: moves the descriptors first above all targets, then to their numbers. Returns 0 or an errno. */
static int place_fds(const struct proc_fd *fds, size_t n, int *report)
{
	int high = 3, moved[16], null = -1;

	if (n > sizeof moved / sizeof *moved)
		return E2BIG;
	for (size_t i = 0; i < n; i++)
		if (fds[i].to >= high)
			high = fds[i].to + 1;
	*report = fcntl(*report, F_DUPFD_CLOEXEC, high);
	if (*report < 0)
		return errno;
	for (size_t i = 0; i < n; i++) {
		moved[i] = fcntl(fds[i].from, F_DUPFD_CLOEXEC, high);
		if (moved[i] < 0)
			return errno;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return errno;
	for (int to = 0; to < 3; to++)
		if (dup2(null, to) < 0)
			return errno;
	if (sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return errno;
	for (size_t i = 0; i < n; i++)
		if (dup2(moved[i], fds[i].to) < 0)
			return errno;
	return 0;
}

static void child(const char *const argv[], const struct proc_fd *fds, size_t n, char *const env[], int report)
{
	sigset_t none;
	int code = place_fds(fds, n, &report);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (!code) {
		execve(argv[0], (char *const *)(uintptr_t)argv, env ? env : environ);
		code = errno;
	}
	(void)!write(report, &code, sizeof code);
	_exit(127);
}

enum session { SESSION_OURS, SESSION_OWN, SESSION_LASTING };

static pid_t spawn(const char *const argv[], const struct proc_fd *fds, size_t n, char *const env[], enum session session,
		   struct err *err)
{
	int report[2], code = 0;
	ssize_t got;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, errno, "run '%s'", argv[0]);
	pid = fork();
	if (pid == 0) {
		if (session == SESSION_OWN)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (session != SESSION_OURS) {
			setsid();
			(void)!chdir("/");
		}
		child(argv, fds, n, env, report[1]);
	}
	close(report[1]);
	if (pid < 0) {
		close(report[0]);
		return err_sys(err, errno, "run '%s'", argv[0]);
	}
	do
		got = read(report[0], &code, sizeof code);
	while (got < 0 && errno == EINTR);
	close(report[0]);
	if (got == 0)
		return pid;
	waitpid(pid, NULL, 0);
	return err_sys(err, code ? code : EIO, "run '%s'", argv[0]);
}

pid_t proc_spawn(const char *const argv[], const struct proc_fd *fds, size_t n, char *const env[], struct err *err)
{
	return spawn(argv, fds, n, env, SESSION_OURS, err);
}

pid_t proc_spawn_session(const char *const argv[], const struct proc_fd *fds, size_t n, char *const env[], bool lasting,
			 struct err *err)
{
	return spawn(argv, fds, n, env, lasting ? SESSION_LASTING : SESSION_OWN, err);
}

int proc_wait(pid_t pid, uint64_t deadline, int *ret_status, struct err *err)
{
	int status = 0;

	if (deadline != CLOCK_NEVER) {
		autoclose int pidfd = sys_pidfd_open(pid);
		int r = pidfd < 0 ? -errno : fd_wait(pidfd, POLLIN, deadline);
		if (r < 0)
			return err_sys(err, -r, "wait for process %d", (int)pid);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "wait for process %d", (int)pid);
	if (ret_status)
		*ret_status = status;
	return 0;
}

const char *proc_status_text(int status, char buf[static 48])
{
	if (WIFEXITED(status))
		snprintf(buf, 48, "exit status %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(buf, 48, "signal %d (%.24s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(buf, 48, "wait status %#x", (unsigned)status);
	return buf;
}
