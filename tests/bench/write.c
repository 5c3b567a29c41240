/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* write FILE WRITES: as many blocks of 4 KiB at random places of a file of 64 MiB, past the page cache, and fdatasync(2)
 * after each 32; prints how many a second. */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK  4096
#define BLOCKS (64 << 20 >> 12)
#define BATCH  32

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void put(int fd, const void *block, long at)
{
	if (pwrite(fd, block, BLOCK, (off_t)at * BLOCK) != BLOCK)
		err(1, "write");
}

static void sync_it(int fd)
{
	if (fdatasync(fd) < 0)
		err(1, "fdatasync");
}

int main(int argc, char *argv[])
{
	const long writes = argc == 3 ? atol(argv[2]) : 0;
	int fd = argc == 3 ? open(argv[1], O_RDWR | O_CREAT | O_DIRECT, 0600) : -1;
	void *block;
	double began;

	if (fd < 0 || posix_memalign(&block, BLOCK, BLOCK) != 0)
		err(1, "write FILE WRITES");
	memset(block, 0x5a, BLOCK);
	for (long i = 0; i < BLOCKS; i++) /* so that no block is a new one */
		put(fd, block, i);
	sync_it(fd);
	srandom(1);
	began = now();
	for (long i = 0; i < writes; i++) {
		put(fd, block, random() % BLOCKS);
		if (i % BATCH == BATCH - 1)
			sync_it(fd);
	}
	sync_it(fd);
	printf("%.0f\n", (double)writes / (now() - began));
	return 0;
}
