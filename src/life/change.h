/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of what runs that its supervisor makes: one at a time, for it takes no second one meanwhile. */
#ifndef MGR_LIFE_CHANGE_H
#define MGR_LIFE_CHANGE_H

#include <stdint.h>

#include "base/err.h"
#include "store/store.h"
#include "wire/wire.h"

/* wire_call to its supervisor, when it is our turn. -ENOTCONN when it does not run. */
int life_change(const struct store *store, const char *name, enum wire_type type, const void *payload, size_t len,
		void *reply, size_t size, uint64_t deadline, struct err *err);

#endif
