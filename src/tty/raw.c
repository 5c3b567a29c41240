/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>

#include "tty/tty.h"

/* tcsetattr stops a background process with SIGTTOU and is interrupted when it comes to the foreground. */
static int set(int fd, const struct termios *t)
{
	int r;

	do
		r = tcsetattr(fd, TCSANOW, t);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

int tty_raw_enter(struct tty_raw *raw, int fd, struct err *err)
{
	struct termios t;

	raw->fd = -1;
	if (tcgetattr(fd, &raw->saved) < 0)
		return err_sys(err, errno, "read the terminal's settings");
	t = raw->saved;
	cfmakeraw(&t);
	int r = set(fd, &t);
	if (r < 0)
		return err_sys(err, -r, "make the terminal raw");
	raw->fd = fd;
	return 0;
}

void tty_raw_leave(struct tty_raw *raw)
{
	if (raw->fd < 0)
		return;
	(void)set(raw->fd, &raw->saved);
	raw->fd = -1;
}

void tty_raw_stop(struct tty_raw *raw)
{
	struct tty_raw was = *raw;

	tty_raw_leave(raw);
	raise(SIGSTOP);
	if (was.fd >= 0)
		(void)tty_raw_enter(raw, was.fd, NULL);
}
