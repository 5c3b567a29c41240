/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One more container from one that there is. */
#ifndef MGR_LIFE_COPY_H
#define MGR_LIFE_COPY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

struct life_copy {
	const char *from;     /* a container at rest, */
	bool live;            /* or that runs, which stands still while its files are copied */
	const char *snapshot; /* of it, instead; NULL: as it is now */
	const char *name;
	const char *backend;       /* how its files are to be kept; NULL: as those of the original */
	const char *size;          /* rootfs.size; NULL: that of the original */
	bool thin;                 /* both stand on what there is; -EOPNOTSUPP where its backend cannot */
	bool keep_name, keep_macs; /* its hostname, its hardware addresses */
	bool ephemeral;            /* it is there for one run, which the caller starts; thin where that can be */
};

/* Make a container of its files and its configuration, with a uuid, ids, addresses, a hostname and a machine-id of its own.
 * ret_left, added: what of the configuration it could not have too, a line each. Interrupted as life_create. 1: it is one,
 * and err says what will hinder it. ret_hold: of an ephemeral one, to be closed once it runs; else -1. */
int life_copy(const struct store *store, const struct life_copy *what, struct strv *ret_left, int *ret_hold,
	      struct err *err);

#endif
