/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks of fcntl_locking(2), of the open file description kind: the kernel lets go of one with its last descriptor. Byte 0
 * is the lock; byte 1 says that the phase in the file is the holder's (there is a moment between locking and writing it). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc.h"
#include "store/internal.h"

#define PHASE_WIDTH 9 /* every phase is written this wide, so that a reader never sees a part of one */

const char *const store_phase_names[STORE_PHASES] = {
	[STORE_IDLE] = "idle",         [STORE_WORKING] = "working",   [STORE_STARTING] = "starting",
	[STORE_RUNNING] = "running",   [STORE_STOPPING] = "stopping", [STORE_ABORTING] = "aborting",
	[STORE_FREEZING] = "freezing", [STORE_FROZEN] = "frozen",     [STORE_THAWED] = "thawed",
};

bool store_phase_runs(enum store_phase phase)
{
	return phase == STORE_RUNNING || phase >= STORE_FREEZING;
}

static struct flock byte_lock(off_t at)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
}

static int lock_now(int fd, off_t at, int cmd)
{
	struct flock lock = byte_lock(at);
	int r;

	do
		r = fcntl(fd, cmd, &lock);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == EACCES ? -EAGAIN : -errno;
	return 0;
}

/* The kernel has no wait for a lock with a deadline: a child, which shares the open file and so the lock, waits for it. */
static int lock_by(int fd, uint64_t deadline)
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
		_exit(lock_now(fd, 0, F_OFD_SETLKW) < 0);
	}
	r = proc_wait(child, deadline, &status, NULL);
	if (r < 0) {
		kill(child, SIGKILL);
		proc_wait(child, CLOCK_NEVER, NULL, NULL);
	}
	return lock_now(fd, 0, F_OFD_SETLK); /* ours already when the child had it */
}

static bool is_still(int dirfd, const char *path, int fd)
{
	struct stat there, here;

	return fstatat(dirfd, path, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &here) == 0 &&
	       there.st_ino == here.st_ino && there.st_dev == here.st_dev;
}

int store_lock_file(int dirfd, const char *path, uint64_t deadline)
{
	for (;;) {
		autoclose int fd = openat(dirfd, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			return -errno;
		int r = lock_now(fd, 0, F_OFD_SETLK);
		if (r == -EAGAIN && deadline == CLOCK_NEVER)
			r = lock_now(fd, 0, F_OFD_SETLKW);
		else if (r == -EAGAIN && deadline > clock_now())
			r = lock_by(fd, deadline);
		if (r < 0)
			return r;
		if (is_still(dirfd, path, fd)) /* else it was removed meanwhile, and another may be locked in its place */
			return steal_fd(&fd);
	}
}

static int is_held(int fd, off_t at)
{
	struct flock lock = byte_lock(at);

	return fcntl(fd, F_OFD_GETLK, &lock) < 0 ? -errno : lock.l_type != F_UNLCK;
}

int store_lock_phase(int lock, enum store_phase phase)
{
	char text[PHASE_WIDTH + 2];
	ssize_t n;
	int r = str_print(text, sizeof text, "%-*s\n", PHASE_WIDTH, store_phase_names[phase]);

	if (r < 0)
		return r;
	n = pwrite(lock, text, PHASE_WIDTH + 1, 0);
	if (n != PHASE_WIDTH + 1)
		return n < 0 ? -errno : -EIO;
	return lock_now(lock, 1, F_OFD_SETLK);
}

int store_lock(const struct store *store, const char *name, enum store_phase phase, uint64_t deadline, struct err *err)
{
	autoclose int fd = -1;
	int r;

	do { /* a destroy may remove the folder between the two */
		autoclose int dir = store_runtime(store, name, true, err);
		if (dir < 0)
			return dir;
		fd = store_lock_file(dir, "lock", deadline);
	} while (fd == -ENOENT);
	if (fd == -EAGAIN) {
		int held = store_lock_peek(store, name, NULL);
		return err_set(err, EBUSY, "busy: another command or its supervisor holds it (%s)",
			       store_phase_names[held < 0 ? STORE_WORKING : held]);
	}
	if (fd < 0)
		return err_sys(err, -fd, "lock '%s/%s/lock'", store->run, name);
	r = store_lock_phase(fd, phase);
	if (r < 0)
		return err_sys(err, -r, "write '%s/%s/lock'", store->run, name);
	return steal_fd(&fd);
}

int store_lock_peek(const struct store *store, const char *name, struct err *err)
{
	autofree char *path = str_fmt("%s/%s/lock", store->run, name);
	autoclose int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	char text[PHASE_WIDTH + 1] = "";
	ssize_t n;
	int held;

	if (!path)
		return err_nomem(err);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return STORE_IDLE;
	held = fd < 0 ? -errno : is_held(fd, 0);
	if (held < 0)
		return err_sys(err, -held, "look at the lock '%s'", path);
	if (!held)
		return STORE_IDLE;
	if (is_held(fd, 1) != 1)
		return STORE_WORKING;
	n = pread(fd, text, PHASE_WIDTH, 0);
	while (n > 0 && text[n - 1] == ' ')
		text[--n] = '\0';
	for (int i = 1; i < STORE_PHASES; i++)
		if (str_eq(text, store_phase_names[i]))
			return i;
	return STORE_WORKING;
}
