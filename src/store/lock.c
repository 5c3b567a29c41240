/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Byte 0 is the lock (base/lock.h); byte 1 says that the phase in the file is the holder's (there is a moment between
 * locking and writing it). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/lock.h"
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
		int r = lock_take(fd, F_WRLCK, 0, 1, deadline);
		if (r < 0)
			return r;
		if (is_still(dirfd, path, fd)) /* else it was removed meanwhile, and another may be locked in its place */
			return steal_fd(&fd);
	}
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
	return lock_take(lock, F_WRLCK, 1, 1, 0);
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
	held = fd < 0 ? -errno : lock_held(fd, F_WRLCK, 0, 1);
	if (held < 0)
		return err_sys(err, -held, "look at the lock '%s'", path);
	if (!held)
		return STORE_IDLE;
	if (lock_held(fd, F_WRLCK, 1, 1) != 1)
		return STORE_WORKING;
	n = pread(fd, text, PHASE_WIDTH, 0);
	while (n > 0 && text[n - 1] == ' ')
		text[--n] = '\0';
	for (int i = 1; i < STORE_PHASES; i++)
		if (str_eq(text, store_phase_names[i]))
			return i;
	return STORE_WORKING;
}
