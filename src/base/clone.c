/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys.h"

/* By clone3, or by clone(2) where a kernel before 5.3, or a filter, does without. */
static pid_t fork_with(uint64_t flags, int cgroup, int *ret_pidfd)
{
	const struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)(void *)ret_pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup >= 0 ? (unsigned)cgroup : 0,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

	if (pid < 0 && errno == ENOSYS && cgroup < 0)
		pid = sys_clone(args.flags | SIGCHLD, ret_pidfd);
	return pid < 0 ? -errno : pid;
}

static int move(pid_t pid, int cgroup)
{
	autoclose int procs = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	char text[16];
	int n = str_print(text, sizeof text, "%d", (int)pid);

	return procs < 0 || n < 0 || write(procs, text, strlen(text)) < 0 ? -errno : 0;
}

/* Until the parent has moved us; it closes its end without a word when it could not, or has died. */
static void wait_for_move(const int go[2])
{
	char word;

	close(go[1]);
	if (read(go[0], &word, 1) != 1)
		_exit(EXIT_FAILURE);
	close(go[0]);
}

static pid_t fork_and_move(uint64_t flags, int cgroup, int *ret_pidfd)
{
	int go[2], r;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	pid = fork_with(flags, -1, ret_pidfd);
	if (pid == 0) {
		wait_for_move(go);
		return 0;
	}
	r = pid < 0 ? pid : move(pid, cgroup);
	if (r == 0 && write(go[1], "", 1) != 1)
		r = -errno;
	close(go[0]);
	close(go[1]);
	if (pid > 0 && r < 0) {
		waitpid(pid, NULL, 0);
		close(steal_fd(ret_pidfd));
	}
	return r < 0 ? r : pid;
}

/* Unknown: clone3 as a whole, its field for the cgroup (E2BIG), or the flag (EINVAL). */
static bool is_unknown(int code)
{
	return code == ENOSYS || code == E2BIG || code == EINVAL;
}

pid_t clone_process(uint64_t flags, int cgroup, int *ret_pidfd)
{
	pid_t pid = fork_with(flags, cgroup, ret_pidfd);

	return pid < 0 && cgroup >= 0 && is_unknown(-pid) ? fork_and_move(flags, cgroup, ret_pidfd) : pid;
}
