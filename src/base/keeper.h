/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is not to stay as it is made, whatever becomes of the process: a child undoes it, once it is let go of or once nobody
 * is there to let go. */
#ifndef MGR_BASE_KEEPER_H
#define MGR_BASE_KEEPER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct keeper {
	pid_t pid; /* 0: there is none */
	int hold;
};

/* Each in the child, 0 or -errno; make may be NULL: then it has begun when the child is there. */
struct keeper_work {
	const char *what; /* is made: for the error */
	int (*make)(void *data);
	int (*undo)(void *data);
	void *data;
};

/* Returns what make does; less than 0: nothing is kept. The caller is to end one that it has started. */
int keeper_start(struct keeper *ret, const struct keeper_work *work, struct err *err);
/* Undo it. -ETIMEDOUT when that is not seen to be done by the deadline (clock.h), or has failed. One that is none: 0. */
int keeper_end(struct keeper *keeper, uint64_t deadline);

#endif
