/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much a subvolume may hold: quota groups of btrfs (btrfs-qgroup(8)). All return -errno. */
#ifndef MGR_STORAGE_QGROUP_H
#define MGR_STORAGE_QGROUP_H

#include <stdint.h>

/* Bytes; 0: no bound. With simple quotas (Linux 6.7) all subvolumes in it count too, those that a guest makes later as well;
 * with the others it stands alone. -ENOTCONN or -EINVAL where quota is not turned on. */
int qgroup_bound(int root, uint64_t size);
/* Bytes that count by now. -ENODATA: nobody counts. */
int qgroup_taken(int root, uint64_t *ret);

#endif
