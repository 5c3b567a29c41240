/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the public functions share. Each is: api_begin, the same function as a command calls, api_end. */
#ifndef MGR_LIB_API_H
#define MGR_LIB_API_H

#include "base/err.h"
#include "base/str.h"
#include "lib/mgr.h"
#include "store/store.h"

struct mgr {
	struct store store;
};

/* The container must be there. */
int api_begin(const struct mgr *m, const char *name, struct err *err);
/* Returns r, with *error filled when it is negative. */
int api_end(int r, const struct err *err, struct mgr_error *error);

/* The caller's options, whose first member is its size, into ours of `size` bytes; NULL: all 0. -EINVAL without a size;
 * -EOPNOTSUPP when it uses what this library does not know. */
int api_options(void *to, size_t size, const void *from, struct err *err);

uint64_t api_timeout(int ms);  /* ns, CLOCK_NEVER */
uint64_t api_deadline(int ms); /* clock.h */

/* Adds each of a NULL-terminated list (or NULL), behind `option` when that is not NULL. 0 or -ENOMEM. */
int api_add_all(struct strv *to, const char *option, const char *const *list);

#endif
