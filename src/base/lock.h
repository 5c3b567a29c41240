/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks of fcntl_locking(2), of the open file description kind: all who share the description have it, and the kernel lets
 * go of it with the last of them. */
#ifndef MGR_BASE_LOCK_H
#define MGR_BASE_LOCK_H

#include <stdint.h>
#include <sys/types.h>

/* type: F_RDLCK or F_WRLCK, for which the file must be open. len 0: to its end, wherever that is. deadline: 0: now or not at
 * all. 0; -EAGAIN: others still have it; -errno. */
int lock_take(int fd, int type, off_t start, off_t len, uint64_t deadline);
/* Would it be refused now? 1, 0, -errno. */
int lock_held(int fd, int type, off_t start, off_t len);

#endif
