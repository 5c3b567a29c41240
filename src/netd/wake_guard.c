/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When mgr-netd is killed, supervisors start the next one. Stopped containers that wait have none: while there are such, a
 * child of ours waits for our end, and does the same. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/sys.h"
#include "net/net.h"
#include "netd/wake_internal.h"

#define PARENT     3 /* its pidfd, the only descriptor that the child has besides /dev/null */
#define START_TIME (30 * CLOCK_SECOND)
#define AGAIN      (100 * CLOCK_MS)

static void watch_parent(const struct store *store, int parent)
{
	struct err err = { 0 };

	prctl(PR_SET_NAME, "mgr-netd-guard");
	log_to(-1, LOG_INFO, "mgr-netd");
	if (dup2(parent, PARENT) < 0 || sys_close_range(PARENT + 1, ~0U, 0) < 0 || fd_wait(PARENT, POLLIN, CLOCK_NEVER) < 0)
		_exit(1);
	close(PARENT);
	_exit(net_connect(store, true, clock_in(START_TIME), &err) < 0);
}

static void gone(void *data, uint32_t events)
{
	struct netd *netd = data;
	struct wake *wake = &netd->wake;

	(void)events;
	proc_wait(wake->guard, clock_in(CLOCK_SECOND), NULL, NULL);
	loop_io_remove(netd->loop, wake->guard_io);
	close(wake->guard_fd);
	wake->guard = 0;
	loop_timer_start(netd->loop, &wake->guard_again, clock_in(AGAIN));
}

static void begin(struct netd *netd)
{
	struct wake *wake = &netd->wake;
	int self = sys_pidfd_open(getpid());

	if (self >= 0)
		wake->guard = fork();
	if (wake->guard == 0 && self >= 0)
		watch_parent(&netd->store, self);
	if (self >= 0)
		close(self);
	wake->guard_fd = wake->guard > 0 ? sys_pidfd_open(wake->guard) : -1;
	if (wake->guard_fd >= 0)
		wake->guard_io = loop_io_add(netd->loop, wake->guard_fd, EPOLLIN, gone, netd);
	if (wake->guard_fd < 0 || !wake->guard_io)
		log_error("watch over mgr-netd, for stopped containers: %s", strerror(errno));
}

static void begin_again(void *data)
{
	wake_guard(data);
}

void wake_guard(struct netd *netd)
{
	struct wake *wake = &netd->wake;

	wake->guard_again.fn = begin_again;
	wake->guard_again.data = netd;
	if (wake->resting && wake->guard <= 0)
		begin(netd);
	else if (!wake->resting)
		wake_guard_end(netd);
}

void wake_guard_end(struct netd *netd)
{
	struct wake *wake = &netd->wake;

	if (wake->guard > 0) {
		loop_io_remove(netd->loop, wake->guard_io);
		sys_pidfd_send_signal(wake->guard_fd, SIGKILL);
		close(wake->guard_fd);
		proc_wait(wake->guard, clock_in(CLOCK_SECOND), NULL, NULL);
	}
	loop_timer_stop(netd->loop, &wake->guard_again);
	wake->guard = 0;
	wake->guard_io = NULL;
}
