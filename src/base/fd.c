/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * FD_MAX_PASSED)];
};

int fd_send(int sock, const void *bytes, size_t len, const int *fds, size_t n)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
	union control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (n > FD_MAX_PASSED)
		return -E2BIG;
	if (n) {
		memset(&control, 0, sizeof control);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	}
	do
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Takes the descriptors out of a received message: the first max into fds, the rest closed. */
static size_t take_fds(struct msghdr *msg, int *fds, size_t max)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (n < max)
				fds[n++] = fd;
			else
				close(fd);
		}
	}
	return n;
}

ssize_t fd_recv(int sock, void *bytes, size_t size, int *fds, size_t max, size_t *ret_n)
{
	struct iovec iov = { .iov_base = bytes, .iov_len = size };
	union control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t got;
	size_t n;

	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	n = take_fds(&msg, fds, max);
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (size_t i = 0; i < n; i++)
			close(fds[i]);
		n = 0;
		got = -EMSGSIZE;
	}
	if (ret_n)
		*ret_n = n;
	return got;
}

int fd_wait(int fd, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int n = poll(&p, 1, clock_left_ms(deadline));
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

void fd_fill_stdio(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0) /* the lowest free number is this one */
			(void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int fd_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int fd_keep(int fd)
{
	return fcntl(fd, F_SETFD, 0) < 0 ? -errno : 0;
}

int fd_self(struct err *err)
{
	int fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "open '/proc/self/fd'") : fd;
}

int fd_reopen(int self, int fd, int flags)
{
	char name[16];
	int again;

	if (str_print(name, sizeof name, "%d", fd) < 0)
		return -EINVAL;
	again = openat(self, name, flags | O_CLOEXEC | O_NOCTTY);
	return again < 0 ? -errno : again;
}

int fd_sealed(const char *name, const void *bytes, size_t n, struct err *err)
{
	autoclose int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "make memory file '%s'", name);
	r = file_write_all(fd, bytes, n);
	if (r < 0)
		return err_sys(err, -r, "write memory file '%s'", name);
	if (lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_sys(err, errno, "seal memory file '%s'", name);
	return steal_fd(&fd);
}

void *fd_map_sealed(int fd, size_t n)
{
	const int wanted = F_SEAL_SHRINK | F_SEAL_WRITE, seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p;

	if (seals < 0 || (seals & wanted) != wanted || fstat(fd, &st) < 0 || st.st_size < 0 || (size_t)st.st_size < n)
		return NULL;
	p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

static int make_program(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd;
}

int fd_sealed_program(const char *name, const char *path, struct err *err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	autoclose int from = open(path, O_RDONLY | O_CLOEXEC), to = -1;
	ssize_t n;

	if (from < 0)
		return err_sys(err, errno, "open '%s'", path);
	to = make_program(name);
	if (to < 0)
		return err_sys(err, errno, "make memory file '%s'", name);
	do
		n = sendfile(to, from, NULL, 1 << 20);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 || (fcntl(to, F_ADD_SEALS, seals | F_SEAL_EXEC) < 0 && fcntl(to, F_ADD_SEALS, seals) < 0))
		return err_sys(err, errno, "copy '%s'", path);
	return steal_fd(&to);
}
