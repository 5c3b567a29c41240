/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A terminal of the container and those who look at it. */
#ifndef MGR_SUPERVISOR_CONSOLE_H
#define MGR_SUPERVISOR_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "tty/ring.h"
#include "wire/handover.h"
#include "wire/server.h"

struct supervisor;

/* Somebody's connection that is a terminal's now. It is sent what the ring holds, as fast as it reads: no memory is kept for
 * it. */
struct viewer {
	struct console *console;
	struct wire_client *client;
	uint64_t at;    /* it has been sent what was said before this position */
	uint32_t taken; /* of what it has typed, and not told yet */
	struct viewer *next;
};

struct console {
	struct supervisor *s;
	unsigned tty;     /* 0: /dev/console, else /dev/ttyN */
	int master, peer; /* -1 between two runs */
	int log;          /* -1: none */
	uint64_t log_max;
	uint16_t rows, cols; /* of the last window that it was shown in; 0: none */
	struct tty_ring ring;
	bool ring_failed;
	unsigned reads; /* since reads_since */
	uint64_t reads_since;
	struct {
		size_t len;
		char *bytes;
	} typed; /* and not taken by the guest yet */
	struct viewer *viewers;
	struct viewer *writer; /* one of them, or NULL */
	struct loop_io *io;
	struct loop_timer reopen, rest;
};

/* console.c */
int console_take(struct supervisor *s, const struct handover *h, struct err *err);
void console_give(const struct supervisor *s, struct handover *h);
int console_start(struct supervisor *s, struct err *err);
/* Take out what is still there, at the end of a run. */
void console_finish(struct supervisor *s);
/* Type n bytes, now or when the guest takes them. */
void console_type(struct console *c, const char *bytes, size_t n);
void console_resize(struct console *c, uint16_t rows, uint16_t cols);
/* Nobody types there any longer: if the last one has stopped its output (Ctrl-s), it goes on. */
void console_release(struct console *c);

/* viewers.c */
int viewers_open(struct wire_client *client, const void *payload, size_t len, struct err *err);
int viewers_type(struct wire_client *client, const void *payload, size_t len, struct err *err);
int viewers_resize(struct wire_client *client, const void *payload, size_t len, struct err *err);
/* There is room to send it more; it is gone. */
void viewers_writable(struct wire_client *client);
void viewers_closed(struct wire_client *client);
/* Something was said. */
void viewers_show(struct console *c);
/* The guest has taken so much more of what was typed. */
void viewers_taken(struct console *c, size_t n);
/* The end of all: send everybody what is left of what was said. */
void viewers_end(struct supervisor *s);
/* Over a reboot. */
void viewers_give(const struct wire_client *client, struct handover_viewer *ret);
void viewers_adopt(struct wire_client *client, const struct handover_viewer *from);

#endif
