/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A terminal of a container over a control connection. WIRE_CONSOLE opens it; after its answer the connection carries,
 * beside the answers to whatever else it asks, what the guest writes there (WIRE_CONSOLE_DATA; its history first) and takes
 * what is typed (WIRE_CONSOLE_DATA) and the size of the window (WIRE_CONSOLE_SIZE), neither of which is answered. It lasts
 * over reboots inside, until either end closes the connection.
 *
 * The guest waits for nobody: who does not read as fast as it writes is told how much was left out (WIRE_CONSOLE_GAP). What
 * is typed waits at the client until the guest takes it: no more than WIRE_CONSOLE_MOST bytes are on their way before a
 * WIRE_CONSOLE_TAKEN has told of them, so that whatever else is asked for gets through. */
#ifndef MGR_WIRE_CONSOLE_H
#define MGR_WIRE_CONSOLE_H

#include <stdint.h>

#define WIRE_CONSOLE_MOST 4096 /* bytes of one WIRE_CONSOLE_DATA */
#define WIRE_CONSOLE_STEP 1024 /* bytes taken before it is told */

enum wire_console_flags {
	WIRE_CONSOLE_WATCH = 1 << 0, /* look on only; any number may, while one may type (-EBUSY) */
};

/* WIRE_CONSOLE -> struct wire_console_opened. -ENXIO: there is no such terminal. */
struct wire_console {
	uint32_t tty;        /* 0: /dev/console; N: /dev/ttyN */
	uint32_t flags;      /* enum wire_console_flags */
	uint16_t rows, cols; /* of the window; 0: not known */
};

struct wire_console_opened {
	uint32_t ttys;    /* how many there are beside the console */
	uint64_t history; /* bytes that follow at once, said before */
};

/* WIRE_CONSOLE_SIZE */
struct wire_console_size {
	uint16_t rows, cols;
};

/* WIRE_CONSOLE_TAKEN */
struct wire_console_taken {
	uint32_t bytes; /* more than were told of before */
};

/* WIRE_CONSOLE_GAP */
struct wire_console_gap {
	uint64_t bytes;
};

#endif
