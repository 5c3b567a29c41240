/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_LIFE_TAKE_H
#define MGR_LIFE_TAKE_H

#include "base/err.h"
#include "store/store.h"

/* What has become of one: r 1 it stands on the file as it is now, 0 it did already, -errno with why not. */
typedef void life_took_fn(const char *name, int r, const struct err *why, void *data);

/* All containers of the store that stand on this disk or image, and their snapshots, stand on it as it is now: what they
 * have changed is kept, and may not fit. 0; 1: not all of them. -ENOENT when there is none. */
int life_take_disk(const struct store *store, const char *path, life_took_fn *told, void *data, struct err *err);

#endif
