/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A delta: what has been written to a disk, in a file of its own. The disk, which is qcow2 or another delta, stays as it is.
 *
 *     0        the header, one page: which disk, and which it was then (its size and time of change)
 *     1 page   the map: a bit for each block of the disk, set when the delta has it; the first is the lowest of a byte
 *     data     at a whole MiB, each block where the disk has it; the file is sparse
 *
 * Numbers are little-endian. The map tells of nothing that is not there: data is synced before it is.
 */
#ifndef MGR_STORAGE_QCOW2_DELTA_H
#define MGR_STORAGE_QCOW2_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "storage/qcow2/header.h"
#include "storage/qcow2/table.h"

#define DELTA_PAGE     4096U
#define DELTA_MAP_MOST (UINT64_C(4) << 20) /* bytes of a map: beyond 128 GiB blocks have more than 4 KiB */

/* Which file, and which it was when it was looked at. */
struct delta_base {
	char path[HEADER_NAME_MAX + 1]; /* from the root on */
	char format[8];                 /* "qcow2", "delta" */
	uint64_t size;
	int64_t seconds; /* of the last change, with nanoseconds */
	uint32_t nanoseconds;
	uint32_t chain; /* a checksum of sizes and times of all that it stands on, itself first (chain_stamp) */
};

struct delta_header {
	uint64_t size;  /* of the disk, bytes */
	uint32_t block; /* bytes */
	struct delta_base base;
	/* what follows from these */
	uint64_t blocks, map_bytes, data; /* map_bytes: whole pages */
};

/* The header of a new one. -EFBIG, -ENAMETOOLONG, which no page can hold. */
int delta_header_make(struct delta_header *ret, uint64_t size, const struct delta_base *base, struct err *err);
void delta_header_write(const struct delta_header *h, char page[static DELTA_PAGE]);
/* -EINVAL: it is none, or a damaged one, -EOPNOTSUPP its version. */
int delta_header_read(const char page[static DELTA_PAGE], struct delta_header *ret, struct err *err);
/* Are these the first bytes of one? */
bool delta_is(const void *bytes, size_t n);

/* Is this file still what it was? -ESTALE. */
int delta_check_base(const struct delta_header *h, const struct stat *st, struct err *err);

/* What is at `offset` of the disk, for *length bytes, as table_find; it is in the delta or below, and never packed. `at`
 * holds a page of the map. */
int delta_find(int fd, const struct delta_header *h, struct table_at *at, uint64_t offset, uint64_t *length,
	       struct place *ret, struct err *err);

#endif
