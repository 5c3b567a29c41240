/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-init UID GID GID,... FOLDER COMMAND [ARG...]: PID 1 of a container that runs one command. It runs the command as its
 * child, in a session of its own, passes signals on to it, reaps what others leave behind, and ends with the command's
 * status, 128+n for signal n: the kernel then ends what is left. Descriptor 3 is init_command's report. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "init/init.h"
#include "init/internal.h"

#define EXIT_USAGE 64
#define EXIT_OURS  125
#define GROUPS     256

struct command {
	uid_t uid;
	gid_t gid, groups[GROUPS];
	size_t n_groups;
	const char *cwd;
	char **argv;
};

static int take_groups(struct command *c, char *text)
{
	char *save = NULL;
	uint64_t id;

	for (char *word = strtok_r(text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (c->n_groups == GROUPS || str_uint(word, 0, UINT32_MAX, &id) < 0)
			return -EINVAL;
		c->groups[c->n_groups++] = (gid_t)id;
	}
	return 0;
}

static int take_arguments(struct command *c, int argc, char **argv)
{
	uint64_t uid, gid;

	if (argc < 6 || str_uint(argv[1], 0, UINT32_MAX, &uid) < 0 || str_uint(argv[2], 0, UINT32_MAX, &gid) < 0)
		return -EINVAL;
	c->uid = (uid_t)uid;
	c->gid = (gid_t)gid;
	c->cwd = argv[4];
	c->argv = argv + 5;
	return take_groups(c, argv[3]);
}

/* --- the child ------------------------------------------------------------------------------------------------------ */

static void take_terminal(void)
{
	setsid();
	for (int fd = 0; fd < 3; fd++)
		if (isatty(fd) == 1 && ioctl(fd, TIOCSCTTY, 0) == 0)
			return;
}

/* setresuid(2) says EINVAL of an id that has no place in the id map. */
static int cannot_become(const char *what, unsigned id, struct err *err)
{
	if (errno == EINVAL)
		return err_set(err, EINVAL, "%s id %u is not in the container's id map", what, id);
	return err_sys(err, errno, "become %s %u", what, id);
}

static int become(const struct command *c, struct err *err)
{
	if (setresgid(c->gid, c->gid, c->gid) < 0)
		return cannot_become("group", c->gid, err);
	if (setgroups(c->n_groups, c->groups) < 0)
		return err_sys(err, errno, "set the groups of user %u", c->uid);
	if (chdir(c->cwd) < 0 && chdir("/") < 0)
		return err_sys(err, errno, "enter the root folder");
	return setresuid(c->uid, c->uid, c->uid) < 0 ? cannot_become("user", c->uid, err) : 0;
}

static _Noreturn void run(const struct command *c)
{
	struct init_report failed = { .exit_code = EXIT_OURS };
	sigset_t none;

	take_terminal();
	sigemptyset(&none);
	if (become(c, &failed.err) == 0) {
		sigprocmask(SIG_SETMASK, &none, NULL);
		execvp(c->argv[0], c->argv);
		int code = errno;
		autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		failed.exit_code = init_explain(root, c->argv[0], code, &failed.err);
	}
	fd_send(INIT_REPORT_FD, &failed, sizeof failed, NULL, 0);
	_exit(failed.exit_code);
}

/* --- PID 1 ---------------------------------------------------------------------------------------------------------- */

/* Ends us when the command has ended. */
static void reap(pid_t command)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static _Noreturn void attend(pid_t command, const sigset_t *all)
{
	int sig;

	for (;;) {
		if (sigwait(all, &sig) != 0)
			continue;
		if (sig == SIGCHLD)
			reap(command);
		else if (sig == SIGINT || sig == SIGQUIT) /* a keyboard sends these to everything in the foreground */
			kill(-command, sig);
		else
			kill(command, sig);
	}
}

int main(int argc, char **argv)
{
	struct command c = { 0 };
	sigset_t all;
	pid_t pid;

	if (take_arguments(&c, argc, argv) < 0 || fcntl(INIT_REPORT_FD, F_SETFD, FD_CLOEXEC) < 0)
		return EXIT_USAGE;
	prctl(PR_SET_NAME, "mgr-init");
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	pid = fork();
	if (pid == 0)
		run(&c);
	if (pid < 0)
		return EXIT_OURS;
	close(INIT_REPORT_FD);
	attend(pid, &all);
}
