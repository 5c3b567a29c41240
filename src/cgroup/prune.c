/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Removing what a guest made below its cgroup: as deep as it liked, so without recursion or a descriptor a level. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgroup/internal.h"

/* A folder of kernfs has two links and one for each folder in it. */
static bool has_folders(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_nlink > 2;
}

/* Removes the folders in dir that let themselves; opens one that does not because of its own into *ret_next (-1: none). */
static int sweep(int dir, int *ret_next)
{
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	autoclosedir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	*ret_next = -1;
	if (!list) {
		int code = errno;
		if (copy >= 0)
			close(copy);
		return -code;
	}
	rewinddir(list);
	while ((e = readdir(list))) {
		if (e->d_type != DT_DIR || str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		if (unlinkat(dir, e->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			continue;
		if (errno != EBUSY || !has_folders(dir, e->d_name))
			return -errno;
		*ret_next = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return *ret_next < 0 ? -errno : 0;
	}
	return 0;
}

int cgroup_prune(int dir)
{
	autoclose int at = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t depth = 0;

	if (at < 0)
		return -errno;
	for (;;) {
		int next, r = sweep(at, &next);
		if (r < 0)
			return r;
		if (next < 0 && depth == 0)
			return 0;
		if (next < 0)
			next = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		else
			depth += 2;
		depth--;
		if (next < 0)
			return -errno;
		close(at);
		at = next;
	}
}
