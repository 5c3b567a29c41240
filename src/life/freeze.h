/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopping and resuming every process of a container. */
#ifndef MGR_LIFE_FREEZE_H
#define MGR_LIFE_FREEZE_H

#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

/* 0 when the kernel has said that every process is stopped, also when it was so already. timeout: ns, CLOCK_NEVER for no
 * end; -ETIMEDOUT when it was over, and then all run on. -ESRCH when it does not run. */
int life_freeze(const struct store *store, const char *name, uint64_t timeout, struct err *err);
/* 0 when every process runs on, also when they did already. -ESRCH when it does not run. */
int life_thaw(const struct store *store, const char *name, struct err *err);

#endif
