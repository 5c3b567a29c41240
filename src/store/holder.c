/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who holds a container's lock. F_OFD_GETLK does not say (l_pid is -1); proc_pid_fdinfo(5) shows the locks of each open
 * file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sys.h"
#include "store/store.h"

static bool is_number(const char *text)
{
	uint64_t n;

	return str_uint(text, 1, INT32_MAX, &n) == 0;
}

/* A file of anybody's: one whose server is dead or malicious (NFS, FUSE) must not be asked about it. */
static bool is_same(int proc, const char *path, const struct stat *lock)
{
	struct statx st;

	return statx(proc, path, AT_STATX_DONT_SYNC, STATX_INO, &st) == 0 && st.stx_ino == lock->st_ino &&
	       makedev(st.stx_dev_major, st.stx_dev_minor) == lock->st_dev;
}

/* proc: /proc/PID. Is its descriptor this file, with the lock on it? */
static bool locks_by(int proc, const char *fd, const struct stat *lock)
{
	char path[40], info[4096];

	if (str_print(path, sizeof path, "fd/%s", fd) < 0 || !is_same(proc, path, lock))
		return false;
	return str_print(path, sizeof path, "fdinfo/%s", fd) == 0 &&
	       file_read_small_at(proc, path, info, sizeof info, NULL) > 0 && strstr(info, "OFDLCK");
}

static bool holds(int proc, const struct stat *lock)
{
	int fds = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *dir = fds < 0 ? NULL : fdopendir(fds);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && locks_by(proc, e->d_name, lock))
			return true;
	return false;
}

/* The pidfd is there before the look, so that it is of the process that was looked at. */
static int pidfd_of_holder(int all, const char *pid, const struct stat *lock)
{
	autoclose int proc = openat(all, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC), pidfd = -1;
	uint64_t number = 0;

	if (proc < 0 || str_uint(pid, 1, INT32_MAX, &number) < 0)
		return -1;
	pidfd = sys_pidfd_open((pid_t)number);
	return pidfd >= 0 && holds(proc, lock) ? steal_fd(&pidfd) : -1;
}

int store_lock_holders(const struct store *store, const char *name, int *pidfds, size_t max, struct err *err)
{
	autoclose int run = store_runtime(store, name, false, NULL);
	autoclosedir DIR *dir = opendir("/proc");
	struct dirent *e;
	struct stat lock;
	size_t n = 0;

	if (!dir)
		return err_sys(err, errno, "list processes");
	if (run < 0 || fstatat(run, "lock", &lock, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	while (n < max && (e = readdir(dir))) {
		int pidfd = is_number(e->d_name) ? pidfd_of_holder(dirfd(dir), e->d_name, &lock) : -1;
		if (pidfd >= 0)
			pidfds[n++] = pidfd;
	}
	return (int)n;
}
