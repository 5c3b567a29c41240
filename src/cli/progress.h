/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far something long is, on a terminal: one line on stderr, written over and over. */
#ifndef MGR_CLI_PROGRESS_H
#define MGR_CLI_PROGRESS_H

#include <stdint.h>

struct progress {
	const char *command, *name; /* in front of it */
	uint64_t began;             /* clock.h */
};

/* Bytes; total 0: not known. */
void progress_show(const struct progress *p, uint64_t done, uint64_t total);
/* Take the line away. */
void progress_end(void);

#endif
