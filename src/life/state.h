/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container is doing. Reports only: nothing is changed, started or cleared away here.
 *
 * STOPPED means that its lock is free and its cgroup unpopulated; a free lock over a populated cgroup is ABORTING; while the
 * lock is held, the container is what the holder says. */
#ifndef MGR_LIFE_STATE_H
#define MGR_LIFE_STATE_H

#include <stdint.h>

#include "base/err.h"
#include "cgroup/cgroup.h"
#include "store/store.h"
#include "wire/wire.h"

/* The state of one container. 0 or -errno. */
int life_state(const struct store *store, const char *name, enum wire_state *ret, struct err *err);
/* The same for many: host is what cgroup_host said, read once. */
int life_state_on(const struct cgroup *host, const struct store *store, const char *name, enum wire_state *ret,
		  struct err *err);

/* A connection to its supervisor. -ENOTCONN when none listens, -ETIMEDOUT when it takes none in. */
int life_connect(const struct store *store, const char *name, uint64_t deadline, struct err *err);

/* Ask its supervisor for its status, without waiting for the answer: many can be asked before the first one answers. Returns
 * the connection, or -errno as life_connect. */
int life_ask(const struct store *store, const char *name, uint64_t deadline, struct err *err);
/* The answer. host: as above. sock: what life_ask returned, a failure too; it is closed. Without a supervisor the state
 * alone, the rest 0; the same with -ETIMEDOUT when it does not answer. */
int life_answer(const struct cgroup *host, const struct store *store, const char *name, int sock, struct wire_status *ret,
		uint64_t deadline, struct err *err);

#endif
