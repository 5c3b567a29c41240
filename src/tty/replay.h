/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A history is shown without what asks the terminal something: its answer would be typed to a guest that has long stopped
 * waiting for one (systemd asks its console where the cursor is when it boots). */
#ifndef MGR_TTY_REPLAY_H
#define MGR_TTY_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tty_replay {
	uint64_t left; /* bytes of history still to come */
	size_t n;      /* of a sequence that has begun */
	char held[128];
};

#define TTY_REPLAY_MORE sizeof(((struct tty_replay *)0)->held)

/* n bytes on their way to the terminal, the history first. out has room for n + TTY_REPLAY_MORE; returns how many it got. */
size_t tty_replay_feed(struct tty_replay *r, const char *bytes, size_t n, char *out);

#endif
