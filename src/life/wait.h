/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for what a container does, by event, whether or not it runs yet. */
#ifndef MGR_LIFE_WAIT_H
#define MGR_LIFE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "wire/wire.h"

/* Wait until it is in one of the states (bit n: enum wire_state n), or ready when `ready`. ret_status (may be NULL): what it
 * was then (state alone when it was not asked for readiness). 0; -ETIMEDOUT. */
int life_wait(const struct store *store, const char *name, unsigned states, bool ready, uint64_t deadline,
	      struct wire_status *ret_status, struct err *err);

#endif
