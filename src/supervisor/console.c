/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The console: what the guest writes there goes to its log, at any speed and whoever looks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "supervisor/supervisor.h"

#define REOPEN_AFTER (20 * CLOCK_MS)
#define AT_ONCE      16              /* reads of 4096 bytes, which is what the kernel has of a terminal at most */
#define REST         (50 * CLOCK_MS) /* after so many: a guest that writes faster than that waits, on its own time */

static void readable(void *data, uint32_t events);

void rotate(int fd, uint64_t max)
{
	char self[32];
	struct stat st;

	if (max == 0 || fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size <= max || !S_ISREG(st.st_mode))
		return;
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	autofree char *path = NULL;
	char target[1024];
	ssize_t n = readlink(self, target, sizeof target - 1);
	if (n <= 0 || n == sizeof target - 1)
		return;
	target[n] = '\0';
	path = str_fmt("%s.1", target);
	if (!path || rename(target, path) < 0)
		return;
	autoclose int fresh = open(target, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fresh >= 0)
		dup3(fresh, fd, O_CLOEXEC);
}

/* What is there now, at most AT_ONCE reads of it: returns whether there may be more. The log's disk being full must not stop
 * the guest. */
static bool drain(struct console *c)
{
	char buf[4096];
	ssize_t n;

	for (int i = 0; i < AT_ONCE; i++) {
		n = read(c->master, buf, sizeof buf);
		if (n <= 0)
			return false;
		if (c->log >= 0)
			file_write_all(c->log, buf, (size_t)n);
		rotate(c->log, c->log_max);
	}
	return true;
}

static void rested(void *data)
{
	struct supervisor *s = data;

	loop_io_events(s->loop, s->console.io, EPOLLIN);
}

/* With the last peer gone the master reports EPOLLHUP until there is one again (systemd hangs the terminal up at boot, which
 * closes ours too). */
static void reopen(void *data)
{
	struct supervisor *s = data;
	struct console *c = &s->console;

	if (c->peer >= 0)
		close(c->peer);
	c->peer = ioctl(c->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	c->io = loop_io_add(s->loop, c->master, EPOLLIN, readable, s);
}

static void readable(void *data, uint32_t events)
{
	struct supervisor *s = data;
	struct console *c = &s->console;

	bool more = drain(c);
	if (!(events & (EPOLLHUP | EPOLLERR))) {
		if (more) {
			loop_io_events(s->loop, c->io, 0);
			loop_timer_start(s->loop, &c->rest, clock_in(REST));
		}
		return;
	}
	loop_timer_stop(s->loop, &c->rest);
	loop_io_remove(s->loop, c->io);
	c->io = NULL;
	loop_timer_start(s->loop, &c->reopen, clock_in(REOPEN_AFTER));
}

int console_start(struct supervisor *s, struct err *err)
{
	struct console *c = &s->console;

	if (c->master < 0)
		return 0;
	c->reopen = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = reopen, .data = s };
	c->rest = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = rested, .data = s };
	int r = fd_set_nonblock(c->master);
	c->io = r < 0 ? NULL : loop_io_add(s->loop, c->master, EPOLLIN, readable, s);
	return c->io ? 0 : err_sys(err, r < 0 ? -r : errno, "watch the console");
}

void console_finish(struct supervisor *s)
{
	struct console *c = &s->console;

	if (c->master < 0)
		return;
	loop_timer_stop(s->loop, &c->reopen);
	loop_timer_stop(s->loop, &c->rest);
	loop_io_remove(s->loop, c->io);
	while (drain(c))
		;
	close(c->master);
	if (c->peer >= 0)
		close(c->peer);
	c->io = NULL;
	c->master = c->peer = -1;
}
