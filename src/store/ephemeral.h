/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that are there for one run. One is marked, .ephemeral/NAME in the folder of containers says its uuid, from
 * before that run, or before it is there at all, until it has been removed: marked and at rest, its run is over, whatever
 * has ended it. Whoever makes it holds the mark until it runs. */
#ifndef MGR_STORE_EPHEMERAL_H
#define MGR_STORE_EPHEMERAL_H

#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

/* Its mark, held while it is open. -EAGAIN when another has it at the deadline (clock.h). */
int ephemeral_mark(const struct store *store, const char *name, const char *uuid, uint64_t deadline, struct err *err);
/* 1 when the container that has the name is marked, and nobody holds that: at rest, its run is over. 0 when there is no
 * mark, or it is held; -ESTALE when it is that of none. */
int ephemeral_is_marked(const struct store *store, const char *name);
/* None is fine. */
void ephemeral_forget(const struct store *store, const char *name);
/* Adds the names of all marks. */
int ephemeral_list(const struct store *store, struct strv *ret, struct err *err);

#endif
