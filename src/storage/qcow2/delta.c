/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/delta.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "base/str.h"

#define MAGIC       "mgrdelta"
#define MAGIC_BYTES 8U
#define FORMAT      1U
#define BLOCK_LEAST 4096U
#define BLOCK_MOST  (1U << HEADER_MOST)
#define DATA_UNIT   (UINT64_C(1) << 20)
#define SECTOR      512U
#define PAGE_BITS   (UINT64_C(8) * DELTA_PAGE)

struct on_disk {
	char magic[MAGIC_BYTES];
	uint32_t version, crc; /* of the whole page, as if this were 0 */
	uint64_t size;
	uint32_t block, base_nanoseconds;
	uint64_t base_size, base_seconds;
	char base_format[8];
	char base_path[HEADER_NAME_MAX + 1];
	uint32_t base_chain;
	char rest[DELTA_PAGE - 60 - (HEADER_NAME_MAX + 1)]; /* zeros */
} __attribute__((packed));

_Static_assert(sizeof(struct on_disk) == DELTA_PAGE, "a header is one page");

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static uint64_t map_bytes(uint64_t size, uint32_t block)
{
	return round_up(round_up(round_up(size, block) / block, 8) / 8, DELTA_PAGE);
}

static void derive(struct delta_header *h)
{
	h->blocks = round_up(h->size, h->block) / h->block;
	h->map_bytes = map_bytes(h->size, h->block);
	h->data = round_up(DELTA_PAGE + h->map_bytes, DATA_UNIT);
}

static int check_size(uint64_t size, struct err *err)
{
	const uint64_t most = BLOCK_MOST * 8 * DELTA_MAP_MOST;

	return size <= most ? 0 : err_set(err, EFBIG, "a delta is for %llu TiB at most", (unsigned long long)(most >> 40));
}

int delta_header_make(struct delta_header *ret, uint64_t size, const struct delta_base *base, struct err *err)
{
	*ret = (struct delta_header){ .size = size, .block = BLOCK_LEAST, .base = *base };
	if (check_size(size, err) < 0)
		return -err->code;
	while (map_bytes(size, ret->block) > DELTA_MAP_MOST)
		ret->block *= 2;
	derive(ret);
	return 0;
}

static uint32_t crc_of(struct on_disk d)
{
	d.crc = 0;
	return (uint32_t)crc32(0, (const Bytef *)&d, sizeof d);
}

void delta_header_write(const struct delta_header *h, char page[static DELTA_PAGE])
{
	struct on_disk d = {
		.magic = MAGIC,
		.version = htole32(FORMAT),
		.size = htole64(h->size),
		.block = htole32(h->block),
		.base_size = htole64(h->base.size),
		.base_seconds = htole64((uint64_t)h->base.seconds),
		.base_nanoseconds = htole32(h->base.nanoseconds),
		.base_chain = htole32(h->base.chain),
	};

	memcpy(d.base_format, h->base.format, sizeof d.base_format);
	memcpy(d.base_path, h->base.path, sizeof d.base_path);
	d.crc = htole32(crc_of(d));
	memcpy(page, &d, sizeof d);
}

bool delta_is(const void *bytes, size_t n)
{
	return n >= MAGIC_BYTES && memcmp(bytes, MAGIC, MAGIC_BYTES) == 0;
}

static int refuse(struct err *err)
{
	return err_set(err, EINVAL, "it is a damaged delta: its header is not as it was written");
}

int delta_header_read(const char page[static DELTA_PAGE], struct delta_header *ret, struct err *err)
{
	struct on_disk d;

	memcpy(&d, page, sizeof d);
	if (!delta_is(page, DELTA_PAGE))
		return err_set(err, EINVAL, "it is no delta");
	if (le32toh(d.crc) != crc_of(d))
		return refuse(err);
	if (le32toh(d.version) != FORMAT)
		return err_set(err, EOPNOTSUPP, "its version of a delta is %u, and 1 can be read", le32toh(d.version));
	*ret = (struct delta_header){
		.size = le64toh(d.size),
		.block = le32toh(d.block),
		.base.size = le64toh(d.base_size),
		.base.seconds = (int64_t)le64toh(d.base_seconds),
		.base.nanoseconds = le32toh(d.base_nanoseconds),
		.base.chain = le32toh(d.base_chain),
	};
	memcpy(ret->base.format, d.base_format, sizeof d.base_format);
	memcpy(ret->base.path, d.base_path, sizeof d.base_path);
	/* Whoever can write it can write the checksum, too. */
	if (ret->base.format[sizeof ret->base.format - 1] || ret->base.path[HEADER_NAME_MAX] || ret->base.path[0] != '/' ||
	    ret->block < BLOCK_LEAST || ret->block > BLOCK_MOST || (ret->block & (ret->block - 1)) || ret->size % SECTOR ||
	    check_size(ret->size, NULL) < 0 || map_bytes(ret->size, ret->block) > DELTA_MAP_MOST)
		return refuse(err);
	derive(ret);
	return 0;
}

int delta_check_base(const struct delta_header *h, const struct stat *st, struct err *err)
{
	if (h->base.size == (uint64_t)st->st_size && h->base.seconds == (int64_t)st->st_mtim.tv_sec &&
	    h->base.nanoseconds == (uint32_t)st->st_mtim.tv_nsec)
		return 0;
	return err_set(err, ESTALE, "it has changed since the delta was made on it");
}

int delta_find(int fd, const struct delta_header *h, struct table_at *at, uint64_t offset, uint64_t *length,
	       struct place *ret, struct err *err)
{
	const uint64_t first = offset / h->block, page = DELTA_PAGE + first / PAGE_BITS * DELTA_PAGE;
	const unsigned char *map = (unsigned char *)at->entry;
	uint64_t i = first % PAGE_BITS, bytes = h->block - offset % h->block;
	bool there;

	_Static_assert(sizeof at->entry == DELTA_PAGE, "a page of the map");
	if (at->slice != page) {
		at->slice = 0;
		if (header_bytes(fd, at->entry, DELTA_PAGE, page, "its map", err) < 0)
			return -err->code;
		at->slice = page;
	}
	there = map[i / 8] >> i % 8 & 1;
	while (++i < PAGE_BITS && bytes < *length && (map[i / 8] >> i % 8 & 1) == there)
		bytes += h->block;
	*length = *length < bytes ? *length : bytes;
	*ret = (struct place){ .kind = there ? PLACE_PLAIN : PLACE_BELOW, .offset = there ? h->data + offset : 0 };
	return 0;
}
