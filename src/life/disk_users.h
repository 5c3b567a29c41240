/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_LIFE_DISK_USERS_H
#define MGR_LIFE_DISK_USERS_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"
#include "store/store.h"

/* Call fn for each container of the store whose root is on this file, by whatever path, until that returns something else
 * than 0, which this returns. any: also for one whose root this file is (loop). folder: the container's. */
typedef int disk_user_fn(const struct store *store, const char *name, int folder, void *data, struct err *err);
int disk_users_each(const struct store *store, const struct stat *file, bool any, disk_user_fn *fn, void *data,
		    struct err *err);

#endif
