/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a root file system may be that is not in its container's own folder: what create asks, and whoever changes it. */
#ifndef MGR_LIFE_ROOT_H
#define MGR_LIFE_ROOT_H

#include <stdbool.h>

#include "base/err.h"
#include "spec/spec.h"

/* May the folder be one: not the machine's, nor the manager's own. path: for the message. */
int root_check_folder(int dir, const char *path, const struct store *store, struct err *err);

enum root_use {
	ROOT_READ,     /* any number of containers stand on the file */
	ROOT_IN_PLACE, /* it is written: its lock says by whom, one at a time */
	ROOT_ALONE,    /* it is all that a container has */
};
/* May the file be used so, whatever containers of all known stores do with it? but: not this one of `store`. -EBUSY. */
int root_check_file(const char *path, enum root_use use, const struct store *store, const char *but, struct err *err);

/* May the container have its root where this configuration says? What is not there, its start will tell. */
int life_check_root(const struct spec *spec, const struct store *store, const char *name, struct err *err);

#endif
