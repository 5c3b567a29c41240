/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk with all that it stands on, and its bytes: what `qemu-img convert -O raw` writes of it, or an error. */
#ifndef MGR_STORAGE_QCOW2_CHAIN_H
#define MGR_STORAGE_QCOW2_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "storage/qcow2/cache.h"
#include "storage/qcow2/delta.h"
#include "storage/qcow2/header.h"
#include "storage/qcow2/table.h"

#define CHAIN_MAX 64 /* files */

enum layer_kind { LAYER_QCOW2, LAYER_RAW, LAYER_DELTA };

struct layer {
	enum layer_kind kind;
	bool packed; /* there are compressed clusters */
	int fd;
	uint64_t file_size;
	uint64_t size; /* of the disk that it shows; behind its end are zeros */
	dev_t dev;
	ino_t ino;
	struct timespec changed;
	union {
		struct header header;
		struct delta_header delta;
	};
};

struct chain {
	struct layer layer[CHAIN_MAX]; /* the disk first */
	size_t n;
	bool raw;            /* the disk is no qcow2 one */
	struct cache *cache; /* NULL: nothing is compressed */
};

/* A file, open for reading: the disk itself (name NULL), or what the layer `above` names. -errno with the reason. */
typedef int chain_open_fn(void *data, size_t above, const char *name, int *ret_fd, struct err *err);
/* What else there is to say of a file whose header reads: 0 or -errno with the reason. */
typedef int chain_vet_fn(const struct layer *layer, struct err *err);

/* Everything is read that a header or a table says; every error names the file, unless it is the disk itself. A delta is
 * locked: nobody writes it meanwhile. Zero `ret`, but for `raw`. */
int chain_open(struct chain *ret, chain_open_fn *open, void *data, chain_vet_fn *vet, struct err *err);
/* A checksum of sizes and times of the files from the n-th on: as long as nobody writes one it is the same. */
uint32_t chain_stamp(const struct chain *chain, size_t n);
void chain_done(struct chain *chain); /* closes the files, too */

/* One that reads it: there may be several at a time, each in a thread of its own. */
struct chain_reader {
	const struct chain *chain;
	struct table_at *at; /* of each layer */
	void *packed;        /* room for the largest compressed cluster, if there are any */
};

int chain_reader_init(struct chain_reader *ret, const struct chain *chain, struct err *err);
void chain_reader_done(struct chain_reader *r);

/* Are there only zeros from `offset` on, as far as the tables tell? 1, and *length is cut to as many bytes as are alike; 0;
 * or -errno. */
int chain_is_zero(struct chain_reader *r, uint64_t offset, uint64_t *length, struct err *err);

/* n bytes, which must be within the disk. -EIO, -EINVAL. */
int chain_read(struct chain_reader *r, uint64_t offset, void *bytes, size_t n, struct err *err);

#endif
