/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clone.h"
#include "base/fd.h"
#include "base/mnt.h"
#include "base/sys.h"
#include "template/internal.h"

#define KEEP 3

struct failure {
	int code;
	char what[60];
};

/* The lifeline: the program dies with the command that started it. From inside a new pid namespace the parent is 0 dead or
 * alive, so that its end of the pipe has to tell whether it died before prctl. */
static bool parent_lives(int output)
{
	struct pollfd p = { .fd = output, .events = POLLOUT };

	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && poll(&p, 1, 0) == 1 && !(p.revents & POLLERR);
}

/* Moves the descriptors above their targets first. */
static bool place_fds(int input, int output, int keep, int *report)
{
	int in = input < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : fcntl(input, F_DUPFD_CLOEXEC, KEEP + 1);
	int out = fcntl(output, F_DUPFD_CLOEXEC, KEEP + 1);
	int kept = keep < 0 ? -1 : fcntl(keep, F_DUPFD_CLOEXEC, KEEP + 1);

	*report = fcntl(*report, F_DUPFD_CLOEXEC, KEEP + 1);
	if (in < 0 || out < 0 || *report < 0 || (keep >= 0 && kept < 0))
		return false;
	if (sys_close_range(KEEP, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return false;
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		return false;
	return keep < 0 || dup2(kept, KEEP) == KEEP;
}

/* In this mount namespace alone. */
static int mount_tree(const struct template *run)
{
	autoclose int at = run->tree < 0 ? -1 : open(run->rootfs, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (run->tree < 0)
		return 0;
	return at < 0 || (errno = -mnt_move(run->tree, at)) ? -1 : 0;
}

static const char *prepare(const struct template *run, int output, int *report)
{
	sigset_t none;

	if (!parent_lives(output))
		return "find the command that started it";
	if (setsid() < 0)
		return "start a session";
	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "make mounts private";
	if (mount_tree(run) < 0)
		return "mount the root file system";
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return "mount /proc";
	if (chdir("/") < 0)
		return "enter /";
	if (!place_fds(run->input, output, run->keep, report))
		return "place descriptors";
	umask(022);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return NULL;
}

static void child(const struct template *run, const struct strv *argv, int output, int report)
{
	const char *what = prepare(run, output, &report);
	struct failure failure = { 0 };

	if (!what) {
		execv(argv->v[0], argv->v);
		what = "run it";
	}
	failure.code = errno;
	str_print(failure.what, sizeof failure.what, "%s", what);
	(void)!write(report, &failure, sizeof failure);
	_exit(127);
}

static int make_argv(const struct template *run, struct strv *argv)
{
	int r = strv_add(argv, run->program) | strv_addf(argv, "--name=%s", run->name) |
		strv_addf(argv, "--path=%s", run->path) | strv_addf(argv, "--rootfs=%s", run->rootfs);

	if (run->verb)
		r |= strv_add(argv, run->verb);
	for (size_t i = 0; run->args && i < run->args->n; i++)
		r |= strv_add(argv, run->args->v[i]);
	return r;
}

int template_tell_folder(void)
{
	autofree char *here = getcwd(NULL, 0);

	return here ? setenv("MGR_CWD", here, 1) : unsetenv("MGR_CWD");
}

/* Waits until the program runs, or has said why not. */
static int started(const struct template *run, int report, pid_t pid, struct err *err)
{
	struct failure failure;
	ssize_t n;

	do
		n = read(report, &failure, sizeof failure);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	waitpid(pid, NULL, 0);
	if (n != sizeof failure)
		return err_set(err, EIO, "template '%s': cannot tell whether it runs", run->program);
	return err_sys(err, failure.code, "template '%s': %s", run->program, failure.what);
}

int template_spawn(const struct template *run, struct template_child *ret, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	int output[2] = { -1, -1 }, report[2] = { -1, -1 }, r;

	if (make_argv(run, &argv) < 0 || setenv("MGR_CACHE", run->cache, 1) < 0 || template_tell_folder() < 0)
		return err_nomem(err);
	if (pipe2(output, O_CLOEXEC) < 0 || pipe2(report, O_CLOEXEC) < 0)
		return err_sys(err, errno, "template '%s': make a pipe", run->program);
	ret->pid = clone_process(CLONE_NEWNS | CLONE_NEWPID, -1, &ret->pidfd);
	if (ret->pid == 0) {
		close(output[0]);
		child(run, &argv, output[1], report[1]);
	}
	close(output[1]);
	close(report[1]);
	autoclose int from = output[0], said = report[0];
	if (ret->pid < 0)
		return err_sys(err, -ret->pid, "template '%s': make its namespaces", run->program);
	autoclose int pidfd = ret->pidfd;
	r = started(run, said, ret->pid, err);
	if (r == 0 && fd_set_nonblock(from) < 0)
		r = err_sys(err, errno, "template '%s': read its output", run->program);
	if (r < 0)
		return r;
	ret->pidfd = steal_fd(&pidfd);
	ret->output = steal_fd(&from);
	return 0;
}
