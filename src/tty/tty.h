/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Terminals: ptys of a container, and the relay between one and a terminal of the host. */
#ifndef MGR_TTY_TTY_H
#define MGR_TTY_TTY_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "base/err.h"
#include "wire/wire.h"

#define TTY_MOST 16 /* [tty] max */

struct console_conf {
	char *logfile;   /* NULL: in the container's log folder */
	uint64_t size;   /* bytes before it is moved aside; 0: never */
	uint64_t buffer; /* bytes of history; 0: none */
};

struct tty_conf {
	uint32_t max; /* terminals beside the console */
};

/* Allocate a pty in the devpts that the root folder `root` has at /dev/pts. Its slave belongs to the file system ids of the
 * caller. Both ends are close-on-exec; the master does not block. What the guest may have put in devpts' place is found out.
 */
int tty_open_pty(int root, int *ret_master, int *ret_peer, struct err *err);

/* Which of our standard descriptors are terminals, for a command inside that is to have a pty in their place. */
struct tty_stdio {
	bool is_terminal[3];
	int first; /* whose settings and size the pty gets; -1: none is one, and: */
	int in;    /* what the user types on, -1 without */
	int out;   /* where the pty's output goes */
};

/* -EISDIR for a folder: with it the guest could walk out. */
int tty_look_at_stdio(struct tty_stdio *ret, struct err *err);

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

/* Stop ourselves (SIGTSTP has come) with the terminal as it was, and make it raw again afterwards. */
void tty_raw_stop(struct tty_raw *raw);

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

/* --- a container's console, over a connection to its supervisor ------------------------------------------------------- */

#define TTY_ESCAPE_DEFAULT ('a' & 0x1f)

enum tty_console_end {
	TTY_CONSOLE_LEFT,    /* the escape key, then q */
	TTY_CONSOLE_CLOSED,  /* the supervisor has ended, or dropped us: status tells */
	TTY_CONSOLE_HUNG_UP, /* the host's terminal, or what the output went to, is gone */
	TTY_CONSOLE_SIGNAL,  /* sig has come */
};

/* Between a terminal of the host, or anything else, and one of a container's. */
struct tty_console {
	int sock;           /* connection on which tty_console_ask was called; made non-blocking, stays the caller's */
	int in;             /* what is typed; a terminal is raw meanwhile; -1: nothing */
	int out;            /* where it is shown */
	int escape;         /* the key that the next one is a command after: a control character; -1: none */
	bool watch;         /* what is typed goes nowhere: the escape key alone counts */
	uint64_t answer_by; /* clock.h: the supervisor has answered by then, or -ETIMEDOUT */
	/* Called with each signal but SIGWINCH and SIGTSTP: 0 goes on, 1 ends the relay. NULL: each ends it. */
	int (*signalled)(struct tty_console *c, int sig);
	/* Called once, when the supervisor has answered and before anything is shown; may be NULL. */
	void (*opened)(struct tty_console *c);
	void *data; /* for these */

	bool status_first; /* signals wait until something is known of the container */

	/* filled in by the run; may be known before */
	bool has_status;
	struct wire_status status; /* what the last WIRE_WATCH said, if the caller has asked for that */
	int sig;
};

/* Ask for /dev/console (tty 0) or /dev/ttyN on this connection. terminal: whose window's size it gets, or -1. May be called
 * before anybody listens at the other end; the answer is tty_console_run's to take. */
int tty_console_ask(int sock, uint32_t tty, bool watch, int terminal, struct err *err);

/* Relay until one of enum tty_console_end, which is returned; or -errno: what the supervisor refused, or what failed here.
 * However it returns, the terminal's settings and the signal mask are as before. At the end of its input it goes on without.
 * The signals of tty_relay_signals may have been blocked, and come, before. */
int tty_console_run(struct tty_console *c, struct err *err);

/* "^a", "a" or "none" as a key for `escape`. */
int tty_escape_parse(const char *text, int *ret, struct err *err);

/* What a prefix key does to what is typed. */
struct tty_escape {
	int key;    /* -1: none */
	bool armed; /* it was the last key */
};
/* Take the prefix key and what it means out of n bytes, in place; true when it says to leave, *n being what was typed
 * before. */
bool tty_escape_feed(struct tty_escape *e, char *bytes, size_t *n);

#endif
