/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A delta of any header and map is read, above a raw disk of the same bytes, and then written to: there are bytes, or an
 * error, and what was written is what is read. The checksum of the header is made right, and the file as long as it says. In
 * a build folder made with CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined":
 *
 *   make && clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I ../src -o delta ../tests/fuzz/delta.c \
 *       src/storage/libqcow2.a src/base/libbase.a -lqcow -lz
 *   ./delta -max_len=16384 -rss_limit_mb=512 FOLDER    (the first 8 KiB of deltas that mgr-qcow2 has made, in FOLDER) */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "storage/qcow2/writer.h"

#define MOST (UINT64_C(1) << 20) /* of a disk is read */

struct input {
	const uint8_t *data;
	size_t size;
	uint64_t end; /* of the file */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int make_file(const struct input *in)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);

	if (fd < 0 || write(fd, in->data, in->size) != (ssize_t)in->size || ftruncate(fd, (off_t)in->end) < 0)
		abort();
	return fd;
}

static void read_all(struct chain_reader *r, uint64_t size)
{
	static char bytes[65536];
	const uint64_t end = size < MOST ? size : MOST;

	for (uint64_t at = 0; at < end; at += 1000) {
		struct err err = { 0 };
		if ((chain_read(r, at, bytes, end - at < 1000 ? (size_t)(end - at) : 1000, &err) < 0) != (err.code > 0))
			abort();
	}
}

static void write_some(struct chain_reader *r, const struct input *in, const struct delta_header *h)
{
	const uint64_t at = h->size / 3;
	struct err err = { 0 };
	char bytes[5000], is[5000];
	struct writer *w;
	int fd;

	if (h->size < 3 * sizeof bytes)
		return;
	fd = make_file(in);
	w = writer_open(io_file(&fd), in->end, h->size, &h->base, &err);
	if (!w)
		abort();
	memset(bytes, 'w', sizeof bytes);
	if (writer_write(w, r, at, bytes, sizeof bytes, &err) == 0) {
		if (writer_read(w, r, at, is, sizeof is, &err) < 0 || memcmp(bytes, is, sizeof is) != 0)
			abort();
		writer_zero(w, r, at + 100, 4500, &err);
		writer_sync(w, &err);
	} else if (!err.code)
		abort();
	writer_free(w);
	close(fd);
}

static void mend_checksum(uint8_t *page)
{
	uint32_t crc = 0;

	memcpy(page + 12, &crc, sizeof crc);
	crc = htole32((uint32_t)crc32(0, page, DELTA_PAGE));
	memcpy(page + 12, &crc, sizeof crc);
}

static int open_two(struct chain *chain, struct input *in, struct err *err)
{
	struct delta_header h;

	if (delta_header_read((const char *)in->data, &h, err) < 0)
		return -err->code;
	in->end = h.data + h.size;
	if (in->end > UINT64_C(1) << 40 || in->end < in->size)
		return err_set(err, EFBIG, "not that large");
	chain->layer[0] =
		(struct layer){ .kind = LAYER_DELTA, .fd = make_file(in), .file_size = in->end, .size = h.size, .delta = h };
	chain->layer[1] = (struct layer){ .kind = LAYER_RAW, .fd = make_file(in), .file_size = in->end, .size = h.size / 2 };
	chain->n = 2;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct chain chain;
	struct chain_reader r;
	struct err err = { 0 };
	uint8_t *copy = malloc(size + 1);
	struct input in = { copy, size, 0 };

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (size >= DELTA_PAGE) {
		mend_checksum(copy);
		chain.n = 0;
		if (open_two(&chain, &in, &err) == 0 && chain_reader_init(&r, &chain, &err) == 0) {
			read_all(&r, chain.layer[0].size);
			write_some(&r, &in, &chain.layer[0].delta);
			chain_reader_done(&r);
		}
		chain_done(&chain);
	}
	free(copy);
	return 0;
}
