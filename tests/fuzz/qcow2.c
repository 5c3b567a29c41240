/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk of any header and tables is opened, and what it shows read, in large and small
 * pieces: there are bytes, or an error. What it stands on is the same bytes as a raw disk. In a build folder made with
 * CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined":
 *
 *   make && clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I ../src -o qcow2 ../tests/fuzz/qcow2.c \
 *       src/storage/libqcow2.a src/base/libbase.a -lqcow -lz
 *   ./qcow2 -max_len=65536 -rss_limit_mb=512 FOLDER    (small disks of qemu-img's, -o cluster_size=512, in FOLDER) */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storage/qcow2/chain.h"

#define MOST (UINT64_C(1) << 20) /* of a disk is read */

struct input {
	const uint8_t *data;
	size_t size;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int open_layer(void *data, size_t above, const char *name, int *ret_fd, struct err *err)
{
	const struct input *in = data;
	int fd = memfd_create("disk", MFD_CLOEXEC);

	(void)above;
	if (name && strcmp(name, "none") == 0) {
		close(fd);
		return err_set(err, ENOENT, "there is none");
	}
	if (fd < 0 || write(fd, in->data, in->size) != (ssize_t)in->size)
		abort();
	*ret_fd = fd;
	return 0;
}

static void read_all(const struct chain *chain, size_t piece)
{
	static char bytes[65536];
	struct chain_reader r;
	struct err err = { 0 };
	const uint64_t end = chain->layer[0].size < MOST ? chain->layer[0].size : MOST;

	if (chain_reader_init(&r, chain, &err) < 0)
		abort();
	for (uint64_t at = 0; at < end; at += piece) {
		uint64_t length = end - at;
		err_clear(&err);
		if (chain_is_zero(&r, at, &length, &err) >= 0 && length == 0)
			abort();
		if ((chain_read(&r, at, bytes, end - at < piece ? (size_t)(end - at) : piece, &err) < 0) != (err.code > 0))
			abort();
	}
	chain_reader_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct chain chain;
	struct input in = { data, size };
	struct err err = { 0 };

	chain.n = 0;
	if ((chain_open(&chain, open_layer, &in, NULL, &err) < 0) != (err.code > 0))
		abort();
	if (!err.code) {
		read_all(&chain, 65536);
		read_all(&chain, 1000);
	}
	chain_done(&chain);
	return 0;
}
