/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container becomes an archive, and an archive a container. */
#ifndef MGR_LIFE_EXPORT_H
#define MGR_LIFE_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

struct life_export {
	const char *file; /* its end says how it is compressed; NULL: */
	int out;          /* a descriptor instead, not compressed */
	bool snapshots;   /* with them */
	/* How far it is, in bytes of files, about ten times a second; may be NULL. */
	void (*progress)(uint64_t done, uint64_t total, void *data);
	void *data;
};

/* Pack a stopped container: its configuration, and its tree as it sees that itself. The file is there once it is whole, in
 * place of one that was there. ret_told, added: what was left out. -EBUSY when it is not stopped. */
int life_export(const struct store *store, const char *name, const struct life_export *what, struct str *ret_told,
		struct err *err);

#endif
