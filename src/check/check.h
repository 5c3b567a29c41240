/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Can containers run on this host? What can be tried is tried, in processes with namespaces of their own and on mounts that
 * nobody else sees: nothing of it is left, and nothing of the host changes. */
#ifndef MGR_CHECK_CHECK_H
#define MGR_CHECK_CHECK_H

#include "base/err.h"
#include "store/store.h"

enum check_status {
	CHECK_OK,
	CHECK_WARNING, /* something will not work, or not for many containers */
	CHECK_FAILED,  /* no container, or none as mgr-create makes it, can start */
	CHECK_STATUSES,
};

extern const char *const check_status_names[CHECK_STATUSES]; /* "ok" ... */

struct check_result {
	const char *group, *name;
	enum check_status status;
	char found[200];    /* what there is, or why not */
	const char *advice; /* what to do about it; NULL with CHECK_OK */
};

typedef void check_fn(const struct check_result *result, void *data);

/* Look at everything, and call fn for each. -EPERM when the caller is not root. */
int check_host(const struct store *store, check_fn *fn, void *data, struct err *err);

#endif
