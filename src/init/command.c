/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-init: as a program that the container cannot touch, and how it is run. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "init/init.h"
#include "init/internal.h"

#define PROGRAM MGR_LIBEXECDIR "/mgr-init"

static int make_file(void)
{
	int fd = memfd_create("mgr-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	return fd < 0 && errno == EINVAL ? memfd_create("mgr-init", MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

int init_program(struct err *err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	autoclose int from = open(PROGRAM, O_RDONLY | O_CLOEXEC), to = -1;
	ssize_t n;

	if (from < 0)
		return err_sys(err, errno, "open '%s'", PROGRAM);
	to = make_file();
	if (to < 0)
		return err_sys(err, errno, "make a memory file for mgr-init");
	do
		n = sendfile(to, from, NULL, 1 << 20);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 || (fcntl(to, F_ADD_SEALS, seals | F_SEAL_EXEC) < 0 && fcntl(to, F_ADD_SEALS, seals) < 0))
		return err_sys(err, errno, "copy '%s'", PROGRAM);
	return steal_fd(&to);
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
