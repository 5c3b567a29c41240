/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk that is written to: its delta, open, above a chain that is only read. Several threads use it at a time. */
#ifndef MGR_STORAGE_QCOW2_WRITER_H
#define MGR_STORAGE_QCOW2_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "storage/qcow2/chain.h"
#include "storage/qcow2/delta.h"
#include "storage/qcow2/io.h"

struct writer;

/* The delta of file_size bytes behind io, above a disk of `size` bytes; both stay the caller's. One that has a page or less
 * holds nothing yet, and is made. NULL: -ESTALE the base has changed since, -EINVAL it is damaged, or of another disk. */
struct writer *writer_open(struct io io, uint64_t file_size, uint64_t size, const struct delta_base *base, struct err *err);
/* A delta that is there stands from then on on what this is, whatever it has stood on. */
int writer_take(struct io io, uint64_t size, const struct delta_base *base, struct err *err);
void writer_free(struct writer *w); /* without a sync */
/* Bytes that there are: as many as the disk below has, or more, which are zeros there. */
uint64_t writer_size(const struct writer *w);
/* Be so many at least, before anybody uses it. -EFBIG: not one that there was before. */
int writer_grow(struct writer *w, uint64_t size, struct err *err);

/* n bytes, which must be within the disk. below: what reads the chain, of the calling thread. 0 or -errno. */
int writer_read(struct writer *w, struct chain_reader *below, uint64_t offset, void *bytes, size_t n, struct err *err);
int writer_write(struct writer *w, struct chain_reader *below, uint64_t offset, const void *bytes, size_t n,
		 struct err *err);
/* Zeros from there on, without taking place. */
int writer_zero(struct writer *w, struct chain_reader *below, uint64_t offset, uint64_t length, struct err *err);

/* 0: what has been written before is there after a power cut. One that fails is the last: none succeeds after it, because
 * the kernel forgets what it could not write. */
int writer_sync(struct writer *w, struct err *err);

/* tell is called, by whatever thread it is, at the first request to write or to sync that fails. Before anybody uses it. */
void writer_watch(struct writer *w, void (*tell)(void *data, const struct err *why), void *data);
/* How many requests to write or to sync have failed; err: why the first did. */
uint64_t writer_lost(struct writer *w, struct err *err);

#endif
