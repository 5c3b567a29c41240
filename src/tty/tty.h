/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Terminals: ptys of a container, and the relay between one and a terminal of the host. */
#ifndef MGR_TTY_TTY_H
#define MGR_TTY_TTY_H

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

#include "base/err.h"

/* Allocate a pty in the devpts that the root folder `root` has at /dev/pts. Its slave belongs to the file system ids of the
 * caller. Both ends are close-on-exec; the master does not block. What the guest may have put in devpts' place is found out.
 */
int tty_open_pty(int root, int *ret_master, int *ret_peer, struct err *err);

/* Copy settings and window size of one terminal to another; what fails stays as it is. */
void tty_copy_settings(int from, int to);
void tty_copy_size(int from, int to);

/* A terminal of the host in raw mode, its own settings kept. fd -1: none, or not raw. */
struct tty_raw {
	int fd;
	struct termios saved;
};
int tty_raw_enter(struct tty_raw *raw, int fd, struct err *err);
/* The settings it had; takes one that is not raw. */
void tty_raw_leave(struct tty_raw *raw);

/* Waiting for a process of a container, with a terminal or without: its signals, and its pty. */
struct tty_relay {
	int pidfd;   /* of the process; the relay ends when it has ended and its output is written */
	int signals; /* signalfd; what it reads is passed on */
	int pgid;    /* its process group, for what a keyboard sends */
	int in, out; /* terminals of the host, -1 without */
	int master;  /* of the pty, -1 without */
	struct tty_raw raw;
};

/* The signals that the relay passes on, to be blocked and made a signalfd before the process exists. */
void tty_relay_signals(sigset_t *ret);

/* Until the process has ended: 0. -EIO when the host's terminal is gone: the guest has been told (SIGHUP) and the process
 * may live on. The terminal's settings are as before in either case. */
int tty_relay_run(struct tty_relay *r, struct err *err);

#endif
