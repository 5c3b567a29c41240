/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The user's side of a container's console: one loop over the connection, what is typed, where it is shown, and signals. */
#include "wire/console.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "tty/replay.h"
#include "tty/tty.h"

#define GOES_ON (-1) /* beside enum tty_console_end */

struct flow {
	size_t len, off;
	char buf[WIRE_CONSOLE_MOST + TTY_REPLAY_MORE];
};

struct relay {
	struct tty_console *c;
	struct tty_raw raw;
	struct tty_escape escape;
	int signals, in, out, reopened;
	bool in_is_terminal, answered, closed, size_changed;
	size_t under_way; /* typed, and not told to be taken */
	struct flow typed, shown;
	struct tty_replay replay;
};

static void window(int terminal, uint16_t *rows, uint16_t *cols)
{
	struct winsize size = { 0 };

	if (terminal >= 0 && ioctl(terminal, TIOCGWINSZ, &size) == 0) {
		*rows = size.ws_row;
		*cols = size.ws_col;
	}
}

int tty_console_ask(int sock, uint32_t tty, bool watch, int terminal, struct err *err)
{
	struct wire_console ask = { .tty = tty, .flags = watch ? WIRE_CONSOLE_WATCH : 0 };

	window(terminal, &ask.rows, &ask.cols);
	return wire_send(sock, WIRE_CONSOLE, 0, &ask, sizeof ask, NULL, 0, err);
}

/* --- what the supervisor says --------------------------------------------------------------------------------------- */

static int opened(struct relay *r, const struct wire_head *head, const void *payload, struct err *err)
{
	struct wire_console_opened said = { 0 };
	int code;

	if (r->answered)
		return GOES_ON;
	if (head->code)
		return wire_refused(head, payload, err);
	code = r->in_is_terminal ? tty_raw_enter(&r->raw, r->in, err) : 0;
	if (code < 0)
		return code;
	memcpy(&said, payload, head->length < sizeof said ? head->length : sizeof said);
	if (r->in_is_terminal && !r->c->watch)
		r->replay.left = said.history;
	r->answered = true;
	if (r->c->opened)
		r->c->opened(r->c);
	return GOES_ON;
}

static void show(struct relay *r, const void *bytes, size_t n)
{
	r->shown.len = tty_replay_feed(&r->replay, bytes, n < WIRE_CONSOLE_MOST ? n : WIRE_CONSOLE_MOST, r->shown.buf);
	r->shown.off = 0;
}

static void show_gap(struct relay *r, const void *payload, size_t n)
{
	struct wire_console_gap gap = { 0 };
	char text[80];

	memcpy(&gap, payload, n < sizeof gap ? n : sizeof gap);
	r->replay.left -= gap.bytes < r->replay.left ? gap.bytes : r->replay.left;
	int len = snprintf(text, sizeof text, "\r\n[%" PRIu64 " bytes left out]\r\n", gap.bytes);
	show(r, text, (size_t)len);
}

static void taken(struct relay *r, const void *payload, size_t n)
{
	struct wire_console_taken taken = { 0 };

	memcpy(&taken, payload, n < sizeof taken ? n : sizeof taken);
	r->under_way -= taken.bytes < r->under_way ? taken.bytes : r->under_way;
}

static void take_status(struct tty_console *c, const void *payload, size_t n)
{
	memset(&c->status, 0, sizeof c->status);
	memcpy(&c->status, payload, n < sizeof c->status ? n : sizeof c->status);
	c->has_status = true;
}

/* One packet. GOES_ON, or what ends the relay. */
static int hear(struct relay *r, struct err *err)
{
	static union {
		uint64_t align;
		uint8_t bytes[WIRE_MAX];
	} packet;
	struct wire_head head;
	const void *payload = packet.bytes + sizeof head;
	int n = wire_take(r->c->sock, &packet, sizeof packet, &head);

	if (n == -EAGAIN)
		return GOES_ON;
	if (n < 0) {
		r->closed = true;
		return GOES_ON;
	}
	switch (head.type) {
	case WIRE_CONSOLE:
		return opened(r, &head, payload, err);
	case WIRE_CONSOLE_DATA:
		show(r, payload, head.code ? 0 : (size_t)n);
		return GOES_ON;
	case WIRE_CONSOLE_TAKEN:
		taken(r, payload, (size_t)n);
		return GOES_ON;
	case WIRE_CONSOLE_GAP:
		show_gap(r, payload, (size_t)n);
		return GOES_ON;
	case WIRE_WATCH:
		if (!head.code)
			take_status(r->c, payload, (size_t)n);
		return GOES_ON;
	default:
		return GOES_ON;
	}
}

/* --- what goes to it ------------------------------------------------------------------------------------------------ */

/* True when it went, or never will. */
static bool tell(struct relay *r, enum wire_type type, const void *payload, size_t n)
{
	return wire_send(r->c->sock, type, 0, payload, n, NULL, 0, NULL) != -EAGAIN;
}

static void tell_size(struct relay *r)
{
	struct wire_console_size size = { 0 };

	window(r->in_is_terminal ? r->in : r->out, &size.rows, &size.cols);
	r->size_changed = size.rows && !r->c->watch && !tell(r, WIRE_CONSOLE_SIZE, &size, sizeof size);
}

/* So much of it as may be under way. */
static size_t typeable(const struct relay *r)
{
	const size_t most = WIRE_CONSOLE_MOST - r->under_way;

	return r->typed.len < most ? r->typed.len : most;
}

static void tell_typed(struct relay *r)
{
	const size_t n = typeable(r);

	if (n == 0 || !tell(r, WIRE_CONSOLE_DATA, r->typed.buf, n))
		return;
	r->under_way += n;
	r->typed.len -= n;
	memmove(r->typed.buf, r->typed.buf + n, r->typed.len);
}

/* On a terminal all is read, so that the escape is seen also while nobody takes the rest: what has no room is lost then, as
 * in any terminal. */
static int type(struct relay *r)
{
	char bytes[1024];
	const size_t room = WIRE_CONSOLE_MOST - r->typed.len;
	ssize_t got = read(r->in, bytes, r->in_is_terminal || room > sizeof bytes ? sizeof bytes : room);
	size_t n;

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return GOES_ON;
	if (got <= 0) {
		r->in = -1;
		return r->in_is_terminal ? TTY_CONSOLE_HUNG_UP : GOES_ON;
	}
	n = (size_t)got;
	bool leave = tty_escape_feed(&r->escape, bytes, &n);
	n = r->c->watch ? 0 : n < room ? n : room;
	memcpy(r->typed.buf + r->typed.len, bytes, n);
	r->typed.len += n;
	tell_typed(r);
	return leave ? TTY_CONSOLE_LEFT : GOES_ON;
}

/* --- the user ------------------------------------------------------------------------------------------------------- */

static int put(struct relay *r)
{
	struct flow *f = &r->shown;
	ssize_t n = write(r->out, f->buf + f->off, f->len - f->off);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? GOES_ON : TTY_CONSOLE_HUNG_UP;
	f->off += (size_t)n;
	if (f->off == f->len)
		f->off = f->len = 0;
	return GOES_ON;
}

static int signalled(struct relay *r)
{
	struct signalfd_siginfo info;

	if (read(r->signals, &info, sizeof info) != sizeof info)
		return GOES_ON;
	r->c->sig = (int)info.ssi_signo;
	switch (r->c->sig) {
	case SIGTSTP:
		tty_raw_stop(&r->raw);
		r->size_changed = true;
		return GOES_ON;
	case SIGWINCH:
		r->size_changed = true;
		return GOES_ON;
	default:
		return r->c->signalled && r->c->signalled(r->c, r->c->sig) == 0 ? GOES_ON : TTY_CONSOLE_SIGNAL;
	}
}

enum { SIGNALS, PEER, INPUT, OUTPUT, WATCHED };

static void watch(const struct relay *r, struct pollfd p[static WATCHED])
{
	const bool tells = r->answered && !r->closed && (typeable(r) || r->size_changed);
	const bool hears = !r->closed && !r->shown.len;
	const bool reads = r->answered && !r->closed && (r->in_is_terminal || !r->typed.len);

	p[SIGNALS] = (struct pollfd){ .fd = r->c->status_first && !r->c->has_status ? -1 : r->signals, .events = POLLIN };
	p[PEER] = (struct pollfd){ .fd = tells || hears ? r->c->sock : -1 };
	p[PEER].events = (short)((hears ? POLLIN : 0) | (tells ? POLLOUT : 0));
	p[INPUT] = (struct pollfd){ .fd = reads ? r->in : -1, .events = POLLIN };
	p[OUTPUT] = (struct pollfd){ .fd = r->out, .events = r->shown.len ? POLLOUT : 0 };
}

static int move(struct relay *r, const struct pollfd p[static WATCHED], struct err *err)
{
	int end = GOES_ON;

	if (p[SIGNALS].revents)
		end = signalled(r);
	if (end == GOES_ON && p[INPUT].revents)
		end = type(r);
	if (end == GOES_ON && p[OUTPUT].revents && r->shown.len)
		end = put(r);
	else if (end == GOES_ON && p[OUTPUT].revents & (POLLERR | POLLHUP))
		end = TTY_CONSOLE_HUNG_UP;
	if (end != GOES_ON)
		return end;
	if (p[PEER].revents & POLLOUT && r->size_changed)
		tell_size(r);
	if (p[PEER].revents & POLLOUT)
		tell_typed(r);
	if (p[PEER].revents & POLLIN)
		return hear(r, err);
	if (p[PEER].revents & (POLLHUP | POLLERR)) { /* nobody takes it any longer; what it has sent is read later */
		r->typed.len = 0;
		r->size_changed = false;
		r->closed = !r->shown.len;
	}
	return GOES_ON;
}

static int loop(struct relay *r, struct err *err)
{
	struct pollfd p[WATCHED];
	int end = GOES_ON;

	while (end == GOES_ON && (!r->closed || r->shown.len)) {
		watch(r, p);
		int n = poll(p, WATCHED, r->answered ? -1 : clock_left_ms(r->c->answer_by));
		if (n < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for the console");
		if (n == 0 && !r->answered)
			return err_set(err, ETIMEDOUT, "its supervisor does not answer");
		if (n > 0)
			end = move(r, p, err);
	}
	return end == GOES_ON ? TTY_CONSOLE_CLOSED : end;
}

/* --- before and after ----------------------------------------------------------------------------------------------- */

/* A terminal that takes nothing must not hold us up: not to block is asked of an open file of our own, because others have
 * the one that we were given. */
static void open_output(struct relay *r)
{
	char path[32];

	r->out = r->c->out;
	r->reopened = -1;
	if (isatty(r->out) != 1 || str_print(path, sizeof path, "/proc/self/fd/%d", r->out) < 0)
		return;
	r->reopened = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (r->reopened >= 0)
		r->out = r->reopened;
}

static int prepare(struct relay *r, sigset_t *ret_before, struct err *err)
{
	sigset_t set;
	int e = fd_set_nonblock(r->c->sock);

	if (e < 0)
		return err_sys(err, -e, "talk to its supervisor");
	tty_relay_signals(&set);
	sigprocmask(SIG_BLOCK, &set, ret_before);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signals < 0) {
		sigprocmask(SIG_SETMASK, ret_before, NULL);
		return err_sys(err, errno, "watch signals");
	}
	open_output(r);
	r->in_is_terminal = r->in >= 0 && isatty(r->in) == 1;
	r->escape.key = r->in_is_terminal ? r->c->escape : -1;
	return 0;
}

int tty_console_run(struct tty_console *c, struct err *err)
{
	struct relay r = { .c = c, .raw.fd = -1, .in = c->in };
	void (*pipe_before)(int) = signal(SIGPIPE, SIG_IGN);
	sigset_t before;
	int end = prepare(&r, &before, err);

	if (end == 0) {
		end = loop(&r, err);
		tty_raw_leave(&r.raw);
		close(r.signals);
		if (r.reopened >= 0)
			close(r.reopened);
		sigprocmask(SIG_SETMASK, &before, NULL);
	}
	signal(SIGPIPE, pipe_before);
	return end;
}
