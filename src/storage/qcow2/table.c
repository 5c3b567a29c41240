/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/table.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ENTRY      sizeof(uint64_t)
#define PIECE      ((size_t)64 << 10) /* of a table, when all of it is checked */
#define OFFSET     UINT64_C(0x00fffffffffffe00)
#define COPIED     (UINT64_C(1) << 63)
#define COMPRESSED (UINT64_C(1) << 62)
#define ZERO       UINT64_C(1) /* version 3 */
#define SECTOR     512U

static uint64_t cluster_of(const struct header *h)
{
	return UINT64_C(1) << h->cluster_bits;
}

/* A compressed cluster begins at any byte and has so many sectors, the one that it begins in among them; the more bits a
 * cluster's size has, the more the count. */
static struct place packed_at(const struct header *h, uint64_t entry)
{
	const unsigned shift = 62 - (h->cluster_bits - 8);
	const uint64_t sectors = (entry >> shift & ((UINT64_C(1) << (h->cluster_bits - 8)) - 1)) + 1;
	const uint64_t offset = entry & ((UINT64_C(1) << shift) - 1);

	return (struct place){
		.kind = PLACE_PACKED,
		.offset = offset,
		.packed = (size_t)(sectors * SECTOR - offset % SECTOR),
	};
}

static struct place place_of(const struct header *h, uint64_t entry)
{
	if (entry & COMPRESSED)
		return packed_at(h, entry);
	if (entry & ZERO)
		return (struct place){ .kind = PLACE_ZERO };
	if (!(entry & OFFSET))
		return (struct place){ .kind = PLACE_BELOW };
	return (struct place){ .kind = PLACE_PLAIN, .offset = entry & OFFSET };
}

/* --- all of them, once ----------------------------------------------------------------------------------- */

static int refuse(struct err *err, const char *table, uint64_t index, const char *what)
{
	return err_set(err, EINVAL, "it is damaged or cut short: entry %llu of %s %s", (unsigned long long)index, table,
		       what);
}

static int check_entry(const struct header *h, uint64_t file_size, uint64_t index, uint64_t entry, struct err *err)
{
	const struct place p = packed_at(h, entry);
	const uint64_t offset = entry & OFFSET;

	if (entry & COMPRESSED)
		return p.offset < file_size ? 0 : refuse(err, "its L2 tables", index, "is outside of the file");
	if (entry & ZERO && h->version < 3)
		return refuse(err, "its L2 tables", index, "has a flag that version 2 does not know");
	if (entry & ~(OFFSET | COPIED | ZERO))
		return refuse(err, "its L2 tables", index, "has bits that mean nothing");
	if (offset & (cluster_of(h) - 1))
		return refuse(err, "its L2 tables", index, "is not where a cluster begins");
	/* The last cluster of a file may be short: it ends with zeros. */
	return offset < file_size || !offset ? 0 : refuse(err, "its L2 tables", index, "is outside of the file");
}

static int check_l2(int fd, uint64_t file_size, const struct header *h, uint64_t l1_index, uint64_t offset, uint64_t *piece,
		    bool *ret_packed, struct err *err)
{
	const uint64_t cluster = cluster_of(h), first = l1_index << (h->cluster_bits - 3);
	const size_t n = cluster < PIECE ? (size_t)cluster : PIECE;

	for (uint64_t done = 0; done < cluster; done += n) {
		if (header_bytes(fd, piece, n, offset + done, "an L2 table", err) < 0)
			return -err->code;
		for (size_t i = 0; i < n / ENTRY; i++) {
			const uint64_t entry = be64toh(piece[i]);
			if (entry && check_entry(h, file_size, first + done / ENTRY + i, entry, err) < 0)
				return -err->code;
			*ret_packed |= (entry & COMPRESSED) != 0;
		}
	}
	return 0;
}

static int check_l1_entry(const struct header *h, uint64_t file_size, uint64_t index, uint64_t entry, struct err *err)
{
	const uint64_t offset = entry & OFFSET;

	if (entry & ~(OFFSET | COPIED))
		return refuse(err, "its L1 table", index, "has bits that mean nothing");
	if (offset & (cluster_of(h) - 1))
		return refuse(err, "its L1 table", index, "is not where a cluster begins");
	if (offset >= file_size)
		return refuse(err, "its L1 table", index, "is outside of the file");
	return 0;
}

int table_check(int fd, uint64_t file_size, const struct header *h, bool *ret_packed, struct err *err)
{
	/* Each table is there once: more than fit into the file only a loop of them could have, and reading it no end. */
	const uint64_t most = file_size >> h->cluster_bits;
	autofree uint64_t *l1 = malloc(PIECE), *l2 = malloc(PIECE);
	uint64_t tables = 0;

	if (!l1 || !l2)
		return err_nomem(err);
	for (uint64_t i = 0; i < h->l1_entries; i++) {
		const uint64_t in_piece = i % (PIECE / ENTRY), left = h->l1_entries - i;
		const size_t n = left < PIECE / ENTRY ? (size_t)left : PIECE / ENTRY;
		if (in_piece == 0 && header_bytes(fd, l1, n * ENTRY, h->l1_offset + i * ENTRY, "its L1 table", err) < 0)
			return -err->code;
		const uint64_t entry = be64toh(l1[in_piece]);
		if (!entry)
			continue;
		if (check_l1_entry(h, file_size, i, entry, err) < 0)
			return -err->code;
		if (!(entry & OFFSET))
			continue;
		if (++tables > most)
			return err_set(err, EINVAL, "it is damaged: it has more L2 tables than the file has room for");
		if (check_l2(fd, file_size, h, i, entry & OFFSET, l2, ret_packed, err) < 0)
			return -err->code;
	}
	return 0;
}

/* --- one place ------------------------------------------------------------------------------------------- */

static int go_to_l1(int fd, const struct header *h, struct table_at *at, uint64_t index, struct err *err)
{
	if (at->l1_index == index + 1)
		return 0;
	at->l1_index = 0;
	if (header_bytes(fd, &at->l1_entry, ENTRY, h->l1_offset + index * ENTRY, "its L1 table", err) < 0)
		return -err->code;
	at->l1_entry = be64toh(at->l1_entry);
	at->l1_index = index + 1;
	return 0;
}

static int go_to_slice(int fd, struct table_at *at, uint64_t offset, size_t n, struct err *err)
{
	if (at->slice == offset)
		return 0;
	at->slice = 0;
	if (header_bytes(fd, at->entry, n * ENTRY, offset, "an L2 table", err) < 0)
		return -err->code;
	for (size_t i = 0; i < n; i++)
		at->entry[i] = be64toh(at->entry[i]);
	at->slice = offset;
	return 0;
}

/* Does the next cluster go on where so many bytes of this one ended? */
static bool goes_on(const struct place *p, uint64_t bytes, const struct place *next)
{
	return p->kind == next->kind && p->kind != PLACE_PACKED &&
	       (p->kind != PLACE_PLAIN || next->offset == p->offset + bytes);
}

int table_find(int fd, const struct header *h, struct table_at *at, uint64_t offset, uint64_t *length, struct place *ret,
	       struct err *err)
{
	const uint64_t cluster = cluster_of(h), in_cluster = offset & (cluster - 1);
	const uint64_t index = offset >> h->cluster_bits, in_table = index & (cluster / ENTRY - 1);
	const size_t n = cluster / ENTRY < TABLE_SLICE ? (size_t)(cluster / ENTRY) : TABLE_SLICE;
	size_t i = (size_t)(in_table % n);
	uint64_t bytes = cluster;

	if (go_to_l1(fd, h, at, index >> (h->cluster_bits - 3), err) < 0)
		return -err->code;
	if (!(at->l1_entry & OFFSET)) {
		*ret = (struct place){ .kind = PLACE_BELOW };
		bytes = (cluster / ENTRY - in_table) * cluster;
	} else {
		if (go_to_slice(fd, at, (at->l1_entry & OFFSET) + (in_table - i) * ENTRY, n, err) < 0)
			return -err->code;
		*ret = place_of(h, at->entry[i]);
		for (struct place next; ++i < n && bytes - in_cluster < *length; bytes += cluster) {
			next = place_of(h, at->entry[i]);
			if (!goes_on(ret, bytes, &next))
				break;
		}
		if (ret->kind == PLACE_PLAIN)
			ret->offset += in_cluster;
	}
	*length = *length < bytes - in_cluster ? *length : bytes - in_cluster;
	return 0;
}
