/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "lib/api.h"
#include "lib/program.h"

/* By mgr-attach: 125 our own failure, 126 cannot be executed, 127 not found. */
#define OURS_FIRST 125
#define OURS_LAST  127

struct mgr_process {
	struct program program;
};

static int start(const struct strv *argv, const int fds[3], struct mgr_process **ret, struct err *err)
{
	struct mgr_process *p = calloc(1, sizeof *p);
	int r = p ? program_start(&p->program, argv, fds, err) : err_nomem(err);

	if (r < 0)
		free(p);
	else
		*ret = p;
	return r;
}

static int add_option(struct strv *argv, const char *option, const char *value)
{
	return value ? strv_add(argv, option) | strv_add(argv, value) : 0;
}

int mgr_exec(struct mgr *m, const char *name, const char *const *command, const struct mgr_exec_options *options,
	     struct mgr_process **ret, struct mgr_error *error)
{
	static const int own[3] = { 0, 1, 2 };
	autocall(strv_done) struct strv argv = { 0 };
	struct mgr_exec_options o = { 0 };
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0)
		r = api_options(&o, sizeof o, options, &err);
	if (r == 0 && (!command || !command[0]))
		r = err_set(&err, EINVAL, "no command");
	if (r == 0 && (program_argv(&argv, &m->store, "attach", name) | add_option(&argv, "-u", o.user) |
		       add_option(&argv, "-g", o.group) | add_option(&argv, "-c", o.cwd) | api_add_all(&argv, "-v", o.env) |
		       strv_add(&argv, "--") | api_add_all(&argv, NULL, command)))
		r = err_nomem(&err);
	if (r == 0)
		r = start(&argv, o.fds ? o.fds : own, ret, &err);
	return api_end(r, &err, error);
}

int mgr_process_wait(struct mgr_process *process, int timeout_ms, struct mgr_error *error)
{
	struct program *p = &process->program;
	struct err err = { 0 };
	int r = program_wait(p, api_deadline(timeout_ms), &err);

	if (r < 0)
		return api_end(r, &err, error);
	if (WIFSIGNALED(p->status))
		return 128 + WTERMSIG(p->status);
	r = WEXITSTATUS(p->status);
	if (r > 0 && program_reported(p, &err) < 0)
		return api_end(-err.code, &err, error);
	return r;
}

int mgr_process_fd(const struct mgr_process *process)
{
	return process->program.pidfd;
}

int mgr_process_signal(struct mgr_process *process, int sig, struct mgr_error *error)
{
	struct err err = { 0 };
	int r = 0;

	if (process->program.ended || sys_pidfd_send_signal(process->program.pidfd, sig) < 0)
		r = err_sys(&err, process->program.ended ? ESRCH : errno, "send signal %d", sig);
	return api_end(r, &err, error);
}

void mgr_process_free(struct mgr_process *process)
{
	if (!process)
		return;
	program_done(&process->program);
	free(process);
}

int mgr_console(struct mgr *m, const char *name, bool watch, struct mgr_process **ret, int *ret_fd, struct mgr_error *error)
{
	autocall(strv_done) struct strv argv = { 0 };
	autoclose int ours = -1, theirs = -1;
	struct err err = { 0 };
	int pair[2], r = api_begin(m, name, &err);

	if (r == 0 && (program_argv(&argv, &m->store, "console", name) | strv_add(&argv, "--escape=none") |
		       (watch ? strv_add(&argv, "--watch") : 0)))
		r = err_nomem(&err);
	if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		r = err_sys(&err, errno, "make a socket pair");
	if (r < 0)
		return api_end(r, &err, error);
	ours = pair[0];
	theirs = pair[1];
	r = start(&argv, (const int[]){ theirs, theirs, -1 }, ret, &err);
	if (r == 0)
		*ret_fd = steal_fd(&ours);
	return api_end(r, &err, error);
}
