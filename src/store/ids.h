/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry of id ranges: each unprivileged container has 65536 user and group ids of the host to itself, from create to
 * destroy. */
#ifndef MGR_STORE_IDS_H
#define MGR_STORE_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

#define IDS_COUNT 65536U
#define IDS_FIRST 1048576U /* of the default manager */

/* Reserve a free range for the container of this uuid and name; its first id. The default manager begins at IDS_FIRST,
 * another one somewhere above, by its id: two managers of a host seldom share ids. The store's folders exist (store_make).
 */
int ids_reserve(const struct store *store, const char *uuid, const char *name, uint32_t *ret_first, struct err *err);
/* A range of ids of the host. */
struct ids_range {
	uint32_t first, count;
};
/* For a container whose ranges the user chose: -EADDRINUSE, naming the holder, when one overlaps what another uuid has. What
 * is its own already costs one look. */
int ids_check(const struct store *store, const char *uuid, const struct ids_range *ranges, size_t n, struct err *err);
/* The same, and all of them are its own from then on, besides what it had: ids that a container has once used stay its own
 * until it is destroyed. The store's folders exist. */
int ids_claim(const struct store *store, const char *uuid, const char *name, const struct ids_range *ranges, size_t n,
	      struct err *err);
/* Give back every range of this uuid; none is 0. */
int ids_release(const struct store *store, const char *uuid, struct err *err);

#endif
