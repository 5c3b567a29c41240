/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a terminal said last, for those who look later or more slowly. In a memfd that is made with the first byte, grows
 * page by page, and is not mapped: it can be handed on, and a process that keeps one is no larger for it. */
#ifndef MGR_TTY_RING_H
#define MGR_TTY_RING_H

#include <stddef.h>
#include <stdint.h>

struct tty_ring {
	int fd;        /* -1: nothing was said yet */
	uint64_t size; /* bytes that it holds */
	uint64_t end;  /* bytes ever said: positions count from the first of all */
	uint64_t lost; /* what stands before this position could not be kept */
};

/* fd: a ring that was handed on (owned from now on) with its end, or -1. */
void tty_ring_init(struct tty_ring *r, int fd, uint64_t size, uint64_t end);
void tty_ring_done(struct tty_ring *r);

/* Add what was said. 0, or -errno when memory ran out: then it is lost. */
int tty_ring_add(struct tty_ring *r, const char *bytes, size_t n);
/* Position of the oldest byte that is still there. */
uint64_t tty_ring_begin(const struct tty_ring *r);
/* Up to n bytes from this position on, which is not before tty_ring_begin; how many. */
size_t tty_ring_read(const struct tty_ring *r, uint64_t at, char *bytes, size_t n);

#endif
