/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_QCOW2_HOLD_H
#define MGR_STORAGE_QCOW2_HOLD_H

#include <stdbool.h>

#include "base/err.h"

/* Nobody is to write a disk while it is read: by the locks that QEMU takes (block/file-posix.c), as one of its readers.
 * -EBUSY when a writer has it. As long as the descriptor is open; a file system without locks has none. */
int hold_disk(int fd, struct err *err);
/* All of a delta is its writer's, or its readers'. -EBUSY. */
int hold_delta(int fd, bool to_write, struct err *err);

#endif
