/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-fs: runs a file system's own program on descriptor 3, which is what a stranger made, in a process that can do nothing
 * else (confine.h). It ends as that does. Its own failures are a line on standard error, and a struct err on the descriptor
 * of --report; the exit status is 125 then. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "storage/confine.h"

static int complain(int report, const struct err *err)
{
	if (report >= 0)
		(void)!write(report, err, sizeof *err);
	fprintf(stderr, "%s\n", err->msg);
	return CONFINE_FAILED;
}

static int follow(pid_t pid, unsigned seconds, const char *program, struct err *err)
{
	char text[48];
	int status, r = proc_wait(pid, clock_in(seconds * CLOCK_SECOND), &status, err);

	if (r == -ETIMEDOUT) {
		kill(pid, SIGKILL);
		(void)proc_wait(pid, CLOCK_NEVER, NULL, NULL);
		return err_set(err, ETIMEDOUT, "'%s' has not ended after %u s", program, seconds);
	}
	if (r < 0 || WIFEXITED(status))
		return r < 0 ? r : WEXITSTATUS(status);
	return err_set(err, ECANCELED, "'%s': %s", program, proc_status_text(status, text));
}

/* A child, for a process is in another namespace of processes from its beginning or never. */
static int run(const char *const argv[], unsigned seconds, int report, struct err *err)
{
	pid_t pid = sys_clone(CLONE_NEWPID | SIGCHLD, NULL);

	if (pid < 0)
		return err_sys(err, errno, "start '%s'", argv[0]);
	if (pid == 0) {
		confine_program(argv, seconds, err);
		_exit(complain(report, err));
	}
	close(CONFINE_FILE);
	return follow(pid, seconds, argv[0], err);
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "report", required_argument, NULL, 'r' },
		{ 0 },
	};
	uint64_t seconds = 0, report = 0;
	struct err err = { 0 };
	int status = -1;

	fd_fill_stdio();
	for (int c; (c = getopt_long(argc, argv, "+", options, NULL)) != -1;)
		if (c == '?' || str_uint(optarg, 1, INT_MAX, c == 's' ? &seconds : &report) < 0)
			return CONFINE_FAILED;
	if (!seconds || optind == argc || (report && fcntl((int)report, F_SETFD, FD_CLOEXEC) < 0))
		return CONFINE_FAILED;
	status = run((const char *const *)(argv + optind), (unsigned)seconds, report ? (int)report : -1, &err);
	return status < 0 ? complain(report ? (int)report : -1, &err) : status;
}
