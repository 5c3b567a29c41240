/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unpacked clusters, of all who read: one unpacks a cluster, whoever else wants it meanwhile waits for that, and what was
 * not used for the longest time goes first. */
#ifndef MGR_STORAGE_QCOW2_CACHE_H
#define MGR_STORAGE_QCOW2_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CACHE_BYTES ((size_t)16 << 20)

struct cache;

/* For clusters of so many bytes at most, and no more than 2 MiB. NULL: no memory. */
struct cache *cache_new(size_t cluster);
void cache_free(struct cache *c);

/* The bytes of the cluster at `offset` of a file, kept as they are until cache_put. *ret_empty: it is for the caller to fill
 * them first. */
void *cache_get(struct cache *c, const void *file, uint64_t offset, bool *ret_empty);
/* good: they are what they should be; else nobody is given them any more. */
void cache_put(struct cache *c, const void *bytes, bool good);

#endif
