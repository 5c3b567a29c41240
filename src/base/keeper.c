/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"

/* In a session of its own: a signal to the command's group is none of its. */
static _Noreturn void keep(const struct keeper_work *work, int answer, int hold)
{
	int made;
	char byte;

	setsid();
	signal(SIGPIPE, SIG_IGN);
	made = work->make ? work->make(work->data) : 0;
	(void)!write(answer, &made, sizeof made);
	close(answer);
	while (made == 0 && read(hold, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(made < 0 || work->undo(work->data) < 0);
}

int keeper_start(struct keeper *ret, const struct keeper_work *work, struct err *err)
{
	int hold[2], answer[2], made = -ECHILD;

	*ret = (struct keeper){ .hold = -1 };
	if (pipe2(hold, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	if (pipe2(answer, O_CLOEXEC) < 0) {
		close(hold[0]), close(hold[1]);
		return err_sys(err, errno, "make a pipe");
	}
	ret->pid = fork();
	if (ret->pid == 0) {
		close(hold[1]), close(answer[0]);
		keep(work, answer[1], hold[0]);
	}
	close(hold[0]), close(answer[1]);
	ret->hold = hold[1];
	if (ret->pid < 0)
		made = -errno;
	else if (read(answer[0], &made, sizeof made) != sizeof made)
		made = -ECHILD;
	close(answer[0]);
	if (made == 0)
		return 0;
	close(steal_fd(&ret->hold));
	if (ret->pid > 0)
		proc_wait(ret->pid, CLOCK_NEVER, NULL, NULL);
	ret->pid = 0;
	return err_sys(err, -made, "%s", work->what);
}

int keeper_end(struct keeper *keeper, uint64_t deadline)
{
	int status = 0, r;

	if (keeper->pid <= 0)
		return 0;
	close(steal_fd(&keeper->hold));
	r = proc_wait(keeper->pid, deadline, &status, NULL);
	keeper->pid = 0;
	return r < 0 || status ? -ETIMEDOUT : 0;
}
