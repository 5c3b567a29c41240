/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backends: one file each. */
#ifndef MGR_STORAGE_INTERNAL_H
#define MGR_STORAGE_INTERNAL_H

#include "storage/storage.h"

extern const struct storage_backend storage_dir, storage_overlay;

/* All that is in the folder `from` as the new folder to/name, with whatever a file has; other file systems below it stay
 * out. */
int storage_copy_tree(int from, int to, const char *name, struct err *err);

#endif
