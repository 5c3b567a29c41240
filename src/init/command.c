/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-init: as a program that the container cannot touch, and how it is run. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/sys.h"
#include "init/init.h"
#include "init/internal.h"

#define PROGRAM MGR_LIBEXECDIR "/mgr-init"

int init_program(struct err *err)
{
	return fd_sealed_program("mgr-init", PROGRAM, err);
}

static int add_groups(const struct init_command *cmd, struct strv *argv)
{
	autocall(str_done) struct str text = { 0 };

	for (size_t i = 0; i < cmd->n_groups; i++)
		str_addf(&text, "%s%u", i ? "," : "", (unsigned)cmd->groups[i]);
	return strv_take(argv, str_steal(&text));
}

/* What main.c takes. */
static int build_argv(const struct init_command *cmd, struct strv *argv)
{
	int r = strv_add(argv, "mgr-init");

	r |= strv_addf(argv, "%u", (unsigned)cmd->uid);
	r |= strv_addf(argv, "%u", (unsigned)cmd->gid);
	r |= add_groups(cmd, argv);
	r |= strv_add(argv, cmd->cwd);
	for (size_t i = 0; i < cmd->argv->n; i++)
		r |= strv_add(argv, cmd->argv->v[i]);
	return r;
}

int init_exec_command(const struct init_command *cmd, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	int program = fcntl(cmd->program, F_DUPFD_CLOEXEC, INIT_REPORT_FD + 1);

	if (program < 0 || build_argv(cmd, &argv) < 0)
		return program < 0 ? err_sys(err, errno, "keep mgr-init open") : err_nomem(err);
	init_default_signals();
	umask(0022);
	for (int fd = 0; fd < 3; fd++)
		if (dup2(cmd->stdio[fd], fd) < 0)
			return err_sys(err, errno, "put standard input and output in place");
	if (cmd->report == INIT_REPORT_FD ? fcntl(cmd->report, F_SETFD, 0) < 0 : dup2(cmd->report, INIT_REPORT_FD) < 0)
		return err_sys(err, errno, "put the report in place");
	if (sys_close_range(INIT_REPORT_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(err, errno, "close what is open");
	setsid(); /* EPERM: is a session's leader already */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(err, errno, "set the parent-death signal");
	execveat(program, "", argv.v, cmd->env->v, AT_EMPTY_PATH);
	return err_sys(err, errno, "run mgr-init");
}
