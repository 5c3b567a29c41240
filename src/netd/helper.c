/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/helper.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"

static void forget(struct helper *h)
{
	loop_io_remove(h->loop, h->io);
	h->io = NULL;
	if (h->pidfd >= 0)
		close(h->pidfd);
	h->pidfd = -1;
	if (h->pid > 0)
		while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
			;
	h->pid = 0;
}

static void ended(void *data, uint32_t events)
{
	struct helper *h = data;
	bool again = h->again;

	(void)events;
	forget(h);
	h->again = false;
	if (h->ended)
		h->ended(h->data);
	if (again)
		helper_run(h);
}

bool helper_runs(const struct helper *h)
{
	return h->pid > 0;
}

bool helper_run(struct helper *h)
{
	struct err err = { 0 };

	if (h->pid > 0) {
		h->again = true;
		return true;
	}
	h->pid = h->start(h->data, &err);
	if (h->pid > 0)
		h->pidfd = sys_pidfd_open(h->pid);
	if (h->pidfd >= 0)
		h->io = loop_io_add(h->loop, h->pidfd, EPOLLIN, ended, h);
	if (h->io)
		return true;
	if (h->pid > 0)
		kill(h->pid, SIGKILL);
	log_error("%s", err.code ? err.msg : "a program cannot be watched");
	forget(h);
	return false;
}

void helper_wait(struct helper *h, uint64_t deadline)
{
	if (h->pid > 0 && fd_wait(h->pidfd, EPOLLIN, deadline) >= 0)
		ended(h, 0);
}

void helper_done(struct helper *h)
{
	if (h->pid > 0)
		kill(h->pid, SIGKILL);
	forget(h);
}
