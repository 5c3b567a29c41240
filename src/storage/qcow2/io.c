/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qcow2/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int file_read(void *data, void *bytes, size_t n, uint64_t offset)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = pread(*(int *)data, (char *)bytes + done, n - done, (off_t)(offset + done));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0) {
			memset((char *)bytes + done, 0, n - done);
			return 0;
		}
		done += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

static int file_write(void *data, const void *bytes, size_t n, uint64_t offset)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = pwrite(*(int *)data, (const char *)bytes + done, n - done, (off_t)(offset + done));
		if (r < 0 && errno != EINTR)
			return -errno;
		done += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

/* By the bytes, where no holes can be made. */
static int write_zeros(void *data, uint64_t offset, uint64_t length)
{
	static const char zeros[64 << 10];
	int r = 0;

	while (length > 0 && r == 0) {
		const size_t n = length < sizeof zeros ? (size_t)length : sizeof zeros;
		r = file_write(data, zeros, n, offset);
		offset += n;
		length -= n;
	}
	return r;
}

static int file_zero(void *data, uint64_t offset, uint64_t length)
{
	int r;

	do
		r = fallocate(*(int *)data, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length);
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno == EOPNOTSUPP)
		return write_zeros(data, offset, length);
	return r < 0 ? -errno : 0;
}

static int file_resize(void *data, uint64_t size)
{
	return ftruncate(*(int *)data, (off_t)size) < 0 ? -errno : 0;
}

static int file_sync(void *data)
{
	return fdatasync(*(int *)data) < 0 ? -errno : 0;
}

struct io io_file(int *fd)
{
	return (struct io){
		.read = file_read,
		.write = file_write,
		.zero = file_zero,
		.resize = file_resize,
		.sync = file_sync,
		.data = fd,
	};
}
