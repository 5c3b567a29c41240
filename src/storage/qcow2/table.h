/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of one qcow2 file: where each cluster of the disk is. They stay in the file: what is read again and again the
 * kernel has cached, and a reader keeps the one piece that it is in. */
#ifndef MGR_STORAGE_QCOW2_TABLE_H
#define MGR_STORAGE_QCOW2_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "storage/qcow2/header.h"

#define TABLE_SLICE 512U /* entries that are read at once */

enum place_kind {
	PLACE_ZERO,   /* there it is zeros */
	PLACE_BELOW,  /* what this one stands on has it */
	PLACE_PLAIN,  /* bytes of the file */
	PLACE_PACKED, /* a compressed cluster */
};

struct place {
	enum place_kind kind;
	uint64_t offset; /* in the file */
	size_t packed;   /* of a compressed cluster: as many bytes as it has at most */
};

/* Where a reader is in one file. Zero-initialise. */
struct table_at {
	uint64_t l1_index; /* and one more; 0: nowhere */
	uint64_t l1_entry;
	uint64_t slice; /* offset in the file; 0: nowhere */
	uint64_t entry[TABLE_SLICE];
};

/* Read all tables once: every place that they name is in the file, and nothing stands there that is unknown. *ret_packed:
 * there are compressed clusters; zero it. -EINVAL saying what is wrong, -EIO, -ENOMEM. */
int table_check(int fd, uint64_t file_size, const struct header *h, bool *ret_packed, struct err *err);

/* What is at `offset` of the disk, for *length bytes, which becomes as many as are alike and lie one behind the other, to
 * the end of a compressed cluster at most. */
int table_find(int fd, const struct header *h, struct table_at *at, uint64_t offset, uint64_t *length, struct place *ret,
	       struct err *err);

#endif
