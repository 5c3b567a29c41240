/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ending a container's run, from outside. */
#ifndef MGR_LIFE_STOP_H
#define MGR_LIFE_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "wire/wire.h"

struct life_stop {
	enum wire_stop_how how;
	uint64_t timeout; /* ns that init gets */
	bool no_kill;     /* after the timeout it is left as it is */
	bool no_wait;     /* return when it is under way */
};

/* 0 when its end (or its next run, for a reboot) was seen and everything it used is gone; at once with no_wait. What a dead
 * supervisor left is cleared away first; one that does not answer is killed, once the time is up. -ESRCH when it was not
 * running, -ETIMEDOUT when it went on. */
int life_stop(const struct store *store, const char *name, const struct life_stop *stop, struct err *err);

/* Kill and undo what a run without a supervisor has left, with mgr-boot --down; nothing left is 0. */
int life_recover(const struct store *store, const char *name, struct err *err);

/* Its lock, with nothing left of its last run, or of a restore. -EBUSY when another has it at the deadline. */
int life_take(const struct store *store, const char *name, uint64_t deadline, struct err *err);
/* The same at once, of one that is stopped: else -EBUSY, saying what it is. */
int life_take_stopped(const struct store *store, const char *name, struct err *err);

/* Kill whoever holds its lock as a run (supervisor, mgr-boot), whatever state they are in, then life_recover. */
int life_force(const struct store *store, const char *name, struct err *err);

#endif
