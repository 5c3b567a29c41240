/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"

static struct flock range(int type, off_t start, off_t len)
{
	return (struct flock){ .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
}

static int try(int fd, const struct flock *lock, int cmd)
{
	struct flock copy = *lock;
	int r;

	do
		r = fcntl(fd, cmd, &copy);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == EACCES ? -EAGAIN : -errno;
	return 0;
}

/* The kernel has no wait for a lock with a deadline: a child, which shares the open file and so the lock, waits for it. */
static int take_by(int fd, const struct flock *lock, uint64_t deadline)
{
	pid_t parent = getpid(), child;
	int status, r;

	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		_exit(try(fd, lock, F_OFD_SETLKW) < 0);
	}
	r = proc_wait(child, deadline, &status, NULL);
	if (r < 0) {
		kill(child, SIGKILL);
		proc_wait(child, CLOCK_NEVER, NULL, NULL);
	}
	return try(fd, lock, F_OFD_SETLK); /* ours already when the child had it */
}

int lock_take(int fd, int type, off_t start, off_t len, uint64_t deadline)
{
	const struct flock lock = range(type, start, len);
	int r = try(fd, &lock, F_OFD_SETLK);

	if (r == -EAGAIN && deadline == CLOCK_NEVER)
		return try(fd, &lock, F_OFD_SETLKW);
	return r == -EAGAIN && deadline > clock_now() ? take_by(fd, &lock, deadline) : r;
}

int lock_held(int fd, int type, off_t start, off_t len)
{
	struct flock lock = range(type, start, len);

	return fcntl(fd, F_OFD_GETLK, &lock) < 0 ? -errno : lock.l_type != F_UNLCK;
}
