/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a delta is written through: a file, or in tests a disk that forgets. */
#ifndef MGR_STORAGE_QCOW2_IO_H
#define MGR_STORAGE_QCOW2_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Each returns 0 or -errno; what is behind the end reads as zeros. */
struct io {
	int (*read)(void *data, void *bytes, size_t n, uint64_t offset);
	int (*write)(void *data, const void *bytes, size_t n, uint64_t offset);
	int (*zero)(void *data, uint64_t offset, uint64_t length); /* and give the place back, where that can be */
	int (*resize)(void *data, uint64_t size);
	int (*sync)(void *data); /* 0: what has been written is there after a power cut, and can be read */
	void *data;
};

/* A regular file. fd: int *, stays the caller's. */
struct io io_file(int *fd);

#endif
