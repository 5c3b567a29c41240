/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A qcow2 header, versions 2 and 3 (QEMU, docs/interop/qcow2.txt). Whatever a reader would have to know and this one does
 * not is refused by its name. */
#ifndef MGR_STORAGE_QCOW2_HEADER_H
#define MGR_STORAGE_QCOW2_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HEADER_NAME_MAX 1023
#define HEADER_LEAST    9  /* bits of a cluster: 512 bytes */
#define HEADER_MOST     21 /* 2 MiB */

struct header {
	unsigned version;
	unsigned cluster_bits;
	uint64_t size;      /* of the disk; whole sectors, as QEMU has it */
	uint64_t said_size; /* as it stands there */
	uint64_t l1_offset;
	uint64_t l1_entries;               /* as many as `size` needs; what more there is belongs to machine states */
	char backing[HEADER_NAME_MAX + 1]; /* "": it stands on nothing */
	char format[32];                   /* of what it stands on; "": not said */
};

/* Of the file fd, which has so many bytes. Errors: -EINVAL no qcow2 disk, or a damaged one, -EOPNOTSUPP a feature, -EIO. */
int header_read(int fd, uint64_t file_size, struct header *ret, struct err *err);

/* n bytes at offset, where they must be: -EINVAL saying that `what` is cut short, or -EIO. */
int header_bytes(int fd, void *bytes, size_t n, uint64_t offset, const char *what, struct err *err);

#endif
