/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run/NAME/mounted: which mount each [mount] entry of the host's has become, so that it is found again wherever root inside
 * has moved it. It is written before the mount has its place, and outlives no run. */
#ifndef MGR_BOOT_MOUNTED_H
#define MGR_BOOT_MOUNTED_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct mounted {
	uint64_t id; /* another mount's, once this one has gone */
	uint64_t dev, ino;
};

/* tree: the mount. */
int mounted_add(int rundir, int tree, const char *entry, struct err *err);
/* Of the last entry that reads so: 1, or 0 when it is none. */
int mounted_find(int rundir, const char *entry, struct mounted *ret, struct err *err);
int mounted_drop(int rundir, const char *entry, struct err *err);
/* All of them. */
int mounted_forget(int rundir, struct err *err);

#endif
