/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several names at once: a child each, whose output is kept and shown in the order of the names. */
#include "cli/parallel.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/proc.h"

#define AT_ONCE 32

struct child {
	pid_t pid;
	int out, err; /* memfds: what it said */
};

static void run_child(const struct child *c, struct cli *cli, const char *name, int (*one)(struct cli *, const char *),
		      pid_t parent)
{
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(c->out, STDOUT_FILENO) < 0 || dup2(c->err, STDERR_FILENO) < 0)
		_exit(EXIT_FAILURE);
	code = one(cli, name);
	fflush(stdout);
	_exit(code);
}

static int start(struct child *c, struct cli *cli, const char *name, int (*one)(struct cli *, const char *), struct err *err)
{
	const pid_t self = getpid();

	c->out = memfd_create("stdout", MFD_CLOEXEC);
	c->err = memfd_create("stderr", MFD_CLOEXEC);
	c->pid = c->out < 0 || c->err < 0 ? -1 : fork();
	if (c->pid == 0)
		run_child(c, cli, name, one, self);
	return c->pid < 0 ? err_sys(err, errno, "make a process") : 0;
}

/* Show what is in the memfd, and close it. */
static void show(int from, FILE *to)
{
	char buf[4096];
	ssize_t n;

	if (from < 0)
		return;
	lseek(from, 0, SEEK_SET);
	while ((n = read(from, buf, sizeof buf)) > 0)
		fwrite(buf, 1, (size_t)n, to);
	fflush(to);
	close(from);
}

static int finish(struct child *c, struct err *err)
{
	char text[48];
	int status, r = c->pid < 0 ? -err->code : proc_wait(c->pid, CLOCK_NEVER, &status, err);

	show(c->out, stdout);
	show(c->err, stderr);
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : err_set(err, ECHILD, "%s", proc_status_text(status, text));
}

int parallel_run(struct cli *cli, int (*one)(struct cli *cli, const char *name))
{
	struct child children[AT_ONCE];
	struct err errs[AT_ONCE] = { 0 };
	size_t begun = 0, n = cli->names.n;
	int code = 0;

	fflush(stdout);
	for (size_t i = 0; i < n; i++) {
		for (; begun < n && begun < i + AT_ONCE; begun++)
			start(&children[begun % AT_ONCE], cli, cli->names.v[begun], one, &errs[begun % AT_ONCE]);
		int got = finish(&children[i % AT_ONCE], &errs[i % AT_ONCE]);
		if (got < 0) {
			cli_complain(cli, cli->names.v[i], &errs[i % AT_ONCE]);
			err_clear(&errs[i % AT_ONCE]);
			got = EXIT_FAILURE;
		}
		code = got > code ? got : code;
	}
	return code;
}
