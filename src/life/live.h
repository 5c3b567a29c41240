/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container that runs stands still while its files are read: frozen, and thawed in any case. */
#ifndef MGR_LIFE_LIVE_H
#define MGR_LIFE_LIVE_H

#include "base/keeper.h"
#include "store/store.h"

struct live {
	const struct store *store;
	const char *name;
	struct keeper keeper; /* none: it was frozen before, and stays so */
	int watch;            /* on which its supervisor tells what it does */
};

/* It stands still until live_end. -ESRCH when it does not run. */
int live_begin(struct live *live, const struct store *store, const char *name, struct err *err);
/* It goes on. -EBUSY when it has not stood still all the time: it was thawed, or stopped. */
int live_end(struct live *live, struct err *err);

#endif
