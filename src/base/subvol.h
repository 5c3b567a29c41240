/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Subvolumes of btrfs (btrfs(5)): trees that are copied and removed at once. A guest can make some in its own, and those
 * belong to it. All return -errno. */
#ifndef MGR_BASE_SUBVOL_H
#define MGR_BASE_SUBVOL_H

#include <stdbool.h>
#include <stdint.h>

/* Is it the root folder of one? */
bool subvol_is(int fd);
/* The number of the one that it lies in. */
int subvol_id(int fd, uint64_t *ret);
/* fn for the one that fd is the root of and each that is in it; what it returns but 0 ends it and is returned. fd must be
 * more than O_PATH. */
int subvol_each(int fd, int (*fn)(int fd, void *data), void *data);
/* A new one, empty. -ENOTTY where there are none. */
int subvol_make(int dirfd, const char *name);
/* The one that fd (O_PATH will do) is the root of once more, with those inside it, as dirfd/name: nothing is copied. -EXDEV
 * on another file system. After a failure the caller removes what there is. */
int subvol_copy(int fd, int dirfd, const char *name);
/* With those inside it. -ENOTEMPTY: there are some inside that cannot be found so; what is in it can be removed now. */
int subvol_remove(int dirfd, const char *name);

#endif
