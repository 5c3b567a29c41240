/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One loop over a pty's master, a terminal of the host, signals and the end of the process. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "tty/tty.h"

static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP };

void tty_relay_signals(sigset_t *ret)
{
	sigemptyset(ret);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(ret, passed[i]);
}

/* What was read and not yet written, one a direction. */
struct flow {
	size_t len, off;
	char buf[8192];
};

/* Fills an empty flow. 0 at the end of file or when the other side is gone, 1 when nothing or something came. */
static int flow_read(struct flow *f, int from)
{
	ssize_t n = read(from, f->buf, sizeof f->buf);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	f->off = 0;
	f->len = (size_t)n;
	return n > 0;
}

static int flow_write(struct flow *f, int to)
{
	ssize_t n = write(to, f->buf + f->off, f->len - f->off);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	f->off += (size_t)n;
	if (f->off == f->len)
		f->off = f->len = 0;
	return 1;
}

static void stop_here(struct tty_relay *r)
{
	tty_raw_stop(&r->raw);
	if (r->master >= 0)
		tty_copy_size(r->in >= 0 ? r->in : r->out, r->master);
}

/* -EIO when the host's terminal has hung up. */
static int pass_signal(struct tty_relay *r)
{
	struct signalfd_siginfo info;

	if (read(r->signals, &info, sizeof info) != sizeof info)
		return 0;
	switch (info.ssi_signo) {
	case SIGWINCH:
		if (r->master >= 0)
			tty_copy_size(r->in >= 0 ? r->in : r->out, r->master);
		return 0;
	case SIGTSTP:
		stop_here(r);
		return 0;
	case SIGHUP:
		(void)sys_pidfd_send_signal(r->pidfd, SIGHUP);
		return r->master >= 0 ? -EIO : 0;
	case SIGINT:
	case SIGQUIT: /* a keyboard sends these to everything in the foreground */
		return kill(-r->pgid, (int)info.ssi_signo) < 0 ? 0 : 0;
	default:
		(void)sys_pidfd_send_signal(r->pidfd, (int)info.ssi_signo);
		return 0;
	}
}

/* What the process has left in its pty. Others may still have it open, so only what is there now; poll makes the kernel
 * deliver what is under way. */
static void drain(struct tty_relay *r, struct flow *f)
{
	struct pollfd p = { .fd = r->master, .events = POLLIN };

	if (r->master < 0 || r->out < 0)
		return;
	while (f->len || (poll(&p, 1, 0) > 0 && p.revents & POLLIN && flow_read(f, r->master) && f->len))
		if (!flow_write(f, r->out))
			return;
}

enum { SIGNALS, PROCESS, INPUT, GUEST, OUTPUT, WATCHED };

static void watch(const struct tty_relay *r, const struct flow *in, const struct flow *out, struct pollfd p[static WATCHED])
{
	p[SIGNALS] = (struct pollfd){ .fd = r->signals, .events = POLLIN };
	p[PROCESS] = (struct pollfd){ .fd = r->pidfd, .events = POLLIN };
	p[INPUT] = (struct pollfd){ .fd = in->len ? -1 : r->in, .events = POLLIN };
	p[OUTPUT] = (struct pollfd){ .fd = out->len ? r->out : -1, .events = POLLOUT };
	p[GUEST] = (struct pollfd){ .fd = in->len || !out->len ? r->master : -1 };
	p[GUEST].events = (short)((in->len ? POLLOUT : 0) | (out->len ? 0 : POLLIN));
}

static void move(struct tty_relay *r, struct flow *in, struct flow *out, const struct pollfd p[static WATCHED])
{
	if (p[INPUT].revents && !flow_read(in, r->in))
		r->in = -1;
	if (p[GUEST].revents & POLLOUT && in->len && !flow_write(in, r->master))
		in->len = in->off = 0;
	if (p[GUEST].revents & POLLIN && !out->len)
		(void)flow_read(out, r->master);
	if (p[OUTPUT].revents && out->len && !flow_write(out, r->out)) {
		r->out = -1;
		out->len = out->off = 0;
	}
}

static int loop(struct tty_relay *r, struct err *err)
{
	struct flow in = { 0 }, out = { 0 };
	struct pollfd p[WATCHED];

	for (;;) {
		watch(r, &in, &out, p);
		if (poll(p, WATCHED, -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(err, errno, "wait for the terminal");
		}
		if (p[SIGNALS].revents && pass_signal(r) < 0)
			return err_set(err, EIO, "the terminal has hung up");
		if (p[PROCESS].revents) {
			drain(r, &out);
			return 0;
		}
		move(r, &in, &out, p);
	}
}

int tty_relay_run(struct tty_relay *r, struct err *err)
{
	int code = 0;

	r->raw.fd = -1;
	if (r->master >= 0 && r->in >= 0)
		code = tty_raw_enter(&r->raw, r->in, err);
	if (code == 0)
		code = loop(r, err);
	tty_raw_leave(&r->raw);
	return code;
}
