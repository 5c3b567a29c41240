/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container that is there for one run: in a store of its own, .execute in the manager's runtime folder, where mgr -P finds
 * it. It goes with who made it; what one that was killed has left, passing_sweep takes away once it no longer runs. */
#ifndef MGR_LIFE_PASSING_H
#define MGR_LIFE_PASSING_H

#include "life/life.h"

struct passing {
	struct store store;
	char name[16];
	int hold; /* locked while its maker lives; -1 while there is none */
};

/* Make one; what->name and passing are filled in. of: whose ids, addresses and network it takes part in. */
int passing_make(const struct store *of, struct life_create *what, struct passing *ret, struct err *err);
/* Remove it, whatever it does, and free what it holds. */
int passing_end(struct passing *passing, struct err *err);
/* Remove those that nobody holds and that have ended, and containers of the store whose one run is over
 * (store/ephemeral.h); failures are logged. */
void passing_sweep(const struct store *of);

#endif
