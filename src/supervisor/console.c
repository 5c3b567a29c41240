/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminals: what the guest writes there is kept, at any speed and whoever looks; what is typed goes to the guest. */
#include "supervisor/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "supervisor/supervisor.h"
#include "wire/console.h"

#define REOPEN_AFTER (20 * CLOCK_MS)
#define AT_ONCE      16              /* reads of 4096 bytes, which is what the kernel has of a terminal at most */
#define REST         (50 * CLOCK_MS) /* after so many within that: what is faster, or comes in pieces, is the guest's time */
#define TYPED_MOST   ((size_t)2 * WIRE_CONSOLE_MOST)
#define RING_LEAST   16384 /* for those who look on while no history is wanted */

static void active(void *data, uint32_t events);

/* Output, unless it rests; room for input, when some waits. */
static void listen_on(struct console *c)
{
	const bool resting = c->rest.deadline != CLOCK_NEVER;

	if (c->io)
		loop_io_events(c->s->loop, c->io, (resting ? 0 : EPOLLIN) | (c->typed.len ? EPOLLOUT : 0));
}

/* What is there now, as far as AT_ONCE goes: returns whether there may be more. The log's disk being full must not stop the
 * guest. */
static bool drain(struct console *c)
{
	const uint64_t now = clock_now();
	char buf[4096];
	ssize_t n;

	if (now - c->reads_since >= REST) {
		c->reads_since = now;
		c->reads = 0;
	}
	while (c->reads++ < AT_ONCE) {
		n = read(c->master, buf, sizeof buf);
		if (n <= 0)
			return false;
		if (c->log >= 0)
			file_write_all(c->log, buf, (size_t)n);
		file_rotate(c->log, c->log_max);
		if (tty_ring_add(&c->ring, buf, (size_t)n) < 0 && !c->ring_failed)
			log_warn("console: no memory for what terminal %u says: it is lost for mgr-console", c->tty);
		c->ring_failed = c->ring.lost == c->ring.end;
	}
	return true;
}

static void rested(void *data)
{
	listen_on(data);
}

/* With the last peer gone the master reports EPOLLHUP until there is one again (systemd hangs the terminal up at boot, which
 * closes ours too). */
static void reopen(void *data)
{
	struct console *c = data;

	if (c->peer >= 0)
		close(c->peer);
	c->peer = ioctl(c->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	c->io = loop_io_add(c->s->loop, c->master, EPOLLIN, active, c);
	listen_on(c);
}

static void forget_typed(struct console *c)
{
	viewers_taken(c, c->typed.len);
	free(c->typed.bytes);
	c->typed.bytes = NULL;
	c->typed.len = 0;
}

/* What waits is for the guest to take when it wants to. */
static void flush_typed(struct console *c)
{
	ssize_t n = write(c->master, c->typed.bytes, c->typed.len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || (size_t)n == c->typed.len) {
		forget_typed(c);
		return;
	}
	c->typed.len -= (size_t)n;
	memmove(c->typed.bytes, c->typed.bytes + n, c->typed.len);
	viewers_taken(c, (size_t)n);
}

/* A client that keeps to what it may send always has room here, also when another one has just left. */
static void keep_typed(struct console *c, const char *bytes, size_t n)
{
	if (!c->typed.bytes)
		c->typed.bytes = malloc(TYPED_MOST);
	if (!c->typed.bytes)
		return;
	n = n < TYPED_MOST - c->typed.len ? n : TYPED_MOST - c->typed.len;
	memcpy(c->typed.bytes + c->typed.len, bytes, n);
	c->typed.len += n;
	listen_on(c);
}

void console_type(struct console *c, const char *bytes, size_t n)
{
	ssize_t done = 0;

	if (c->master < 0) /* between two runs nobody is there to take it */
		done = (ssize_t)n;
	else if (c->typed.len == 0)
		done = write(c->master, bytes, n);
	if (done < 0)
		done = errno == EAGAIN || errno == EINTR ? 0 : (ssize_t)n;
	viewers_taken(c, (size_t)done);
	if ((size_t)done < n)
		keep_typed(c, bytes + done, n - (size_t)done);
}

void console_resize(struct console *c, uint16_t rows, uint16_t cols)
{
	const struct winsize size = { .ws_row = rows, .ws_col = cols };

	if (!rows || !cols)
		return;
	c->rows = rows;
	c->cols = cols;
	if (c->master >= 0)
		(void)ioctl(c->master, TIOCSWINSZ, &size);
}

void console_release(struct console *c)
{
	struct termios t;

	if (c->peer < 0 || tcgetattr(c->peer, &t) < 0)
		return;
	/* the kernel ends with TCOON only what was begun with TCOOFF, a Ctrl-s together with it (n_tty_ioctl_helper() in its
	 * drivers/tty/tty_ioctl.c) */
	(void)tcflow(c->peer, TCOOFF);
	(void)tcflow(c->peer, TCOON);
	/* one that is still under way to the terminal is followed by its opposite, which nobody there will see */
	if (t.c_iflag & IXON && t.c_cc[VSTART] != _POSIX_VDISABLE)
		console_type(c, (const char *)&t.c_cc[VSTART], 1);
}

static void active(void *data, uint32_t events)
{
	struct console *c = data;
	bool more = false;

	if (events & EPOLLOUT && c->typed.len)
		flush_typed(c);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		more = drain(c);
		viewers_show(c);
	}
	if (events & (EPOLLHUP | EPOLLERR)) {
		loop_timer_stop(c->s->loop, &c->rest);
		loop_io_remove(c->s->loop, c->io);
		c->io = NULL;
		loop_timer_start(c->s->loop, &c->reopen, clock_in(REOPEN_AFTER));
		return;
	}
	if (more)
		loop_timer_start(c->s->loop, &c->rest, clock_in(REST));
	listen_on(c);
}

static int start_one(struct console *c, struct err *err)
{
	int r;

	if (c->master < 0)
		return 0;
	r = fd_set_nonblock(c->master);
	if (r < 0)
		return err_sys(err, -r, "watch the console");
	console_resize(c, c->rows, c->cols);
	if (c->peer < 0)
		reopen(c);
	else
		c->io = loop_io_add(c->s->loop, c->master, EPOLLIN, active, c);
	return c->io ? 0 : err_sys(err, errno, "watch the console");
}

int console_start(struct supervisor *s, struct err *err)
{
	int r = 0;

	for (unsigned i = 0; i < s->n_consoles && r == 0; i++)
		r = start_one(&s->consoles[i], err);
	return r;
}

static void finish_one(struct console *c)
{
	if (c->master < 0)
		return;
	loop_timer_stop(c->s->loop, &c->reopen);
	loop_timer_stop(c->s->loop, &c->rest);
	loop_io_remove(c->s->loop, c->io);
	do
		c->reads = 0;
	while (drain(c));
	close(c->master);
	if (c->peer >= 0)
		close(c->peer);
	c->io = NULL;
	c->master = c->peer = -1;
	forget_typed(c);
	viewers_show(c);
}

void console_finish(struct supervisor *s)
{
	for (unsigned i = 0; i < s->n_consoles; i++)
		finish_one(&s->consoles[i]);
}

int console_take(struct supervisor *s, const struct handover *h, struct err *err)
{
	const uint64_t size = h->history ? h->history : RING_LEAST;

	s->history = h->history;
	s->consoles = calloc(h->n_terminals, sizeof *s->consoles);
	if (!s->consoles && h->n_terminals)
		return err_nomem(err);
	s->n_consoles = h->n_terminals;
	for (unsigned i = 0; i < s->n_consoles; i++) {
		const struct handover_terminal *t = &h->terminals[i];
		struct console *c = &s->consoles[i];
		*c = (struct console){ .s = s, .tty = i, .master = t->master, .peer = i == 0 ? h->console_peer : -1 };
		c->log = i == 0 ? h->console_log : -1;
		c->log_max = h->console_log_max;
		c->rows = t->rows;
		c->cols = t->cols;
		tty_ring_init(&c->ring, t->ring, size, t->ring_end);
		c->reopen = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = reopen, .data = c };
		c->rest = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = rested, .data = c };
	}
	return 0;
}

void console_give(const struct supervisor *s, struct handover *h)
{
	h->n_terminals = s->n_consoles;
	for (unsigned i = 0; i < s->n_consoles; i++) {
		const struct console *c = &s->consoles[i];
		h->terminals[i] = (struct handover_terminal){ -1, c->ring.fd, c->ring.end, c->rows, c->cols };
	}
	if (s->n_consoles > 0)
		h->console_log = s->consoles[0].log;
}
