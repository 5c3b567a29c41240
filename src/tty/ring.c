/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tty/ring.h"

static int make(struct tty_ring *r)
{
	r->fd = memfd_create("mgr-console", MFD_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	if (ftruncate(r->fd, (off_t)r->size) == 0)
		return 0;
	close(r->fd);
	r->fd = -1;
	return -errno;
}

void tty_ring_init(struct tty_ring *r, int fd, uint64_t size, uint64_t end)
{
	struct stat st;

	*r = (struct tty_ring){ .fd = fd, .size = size, .end = fd < 0 ? 0 : end };
	if (fd < 0 || (fstat(fd, &st) == 0 && (uint64_t)st.st_size == size))
		return;
	close(fd); /* of another size: its last run had another configuration */
	r->fd = -1;
	r->lost = r->end;
}

void tty_ring_done(struct tty_ring *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

int tty_ring_add(struct tty_ring *r, const char *bytes, size_t n)
{
	int code = r->fd < 0 ? make(r) : 0;

	while (code == 0 && n > 0) {
		const uint64_t at = r->end % r->size;
		const size_t part = n < r->size - at ? n : (size_t)(r->size - at);
		const ssize_t done = pwrite(r->fd, bytes, part, (off_t)at);
		if (done < 0 && errno != EINTR)
			code = -errno;
		if (done <= 0)
			continue;
		bytes += done;
		n -= (size_t)done;
		r->end += (uint64_t)done;
	}
	if (code == 0)
		return 0;
	r->end += n;
	r->lost = r->end;
	return code;
}

uint64_t tty_ring_begin(const struct tty_ring *r)
{
	const uint64_t oldest = r->end > r->size ? r->end - r->size : 0;

	return oldest > r->lost ? oldest : r->lost;
}

size_t tty_ring_read(const struct tty_ring *r, uint64_t at, char *bytes, size_t n)
{
	size_t done = 0;

	n = n < r->end - at ? n : (size_t)(r->end - at);
	while (done < n) {
		const uint64_t from = (at + done) % r->size;
		const size_t part = n - done < r->size - from ? n - done : (size_t)(r->size - from);
		const ssize_t got = pread(r->fd, bytes + done, part, (off_t)from);
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}
