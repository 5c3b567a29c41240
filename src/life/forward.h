/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Port forwards of a container: what it has, one more, one less. */
#ifndef MGR_LIFE_FORWARD_H
#define MGR_LIFE_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

/* Those in force when it `runs`, else those that it is configured with; appends to *ret. */
int life_forwards(const struct store *store, const char *name, bool runs, struct strv *ret, struct err *err);

/* One more (or with `del` one less, the one that is exactly this), in force when this returns, until the container stops.
 * -ENOTCONN when it does not run, -EADDRINUSE naming who has the port, -ENOENT when there is no such forward. */
int life_forward(const struct store *store, const char *name, const char *spec, bool del, uint64_t deadline,
		 struct err *err);

/* The same in its configuration, from its next start on, and, when it `runs`, at once: both or neither. Done already is fine
 * there. */
int life_forward_save(const struct store *store, const char *name, const char *spec, bool del, bool runs, uint64_t deadline,
		      struct err *err);

#endif
