/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a container's cgroup, wherever its folders are open or not. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgroup/internal.h"

int cgroup_open_file(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file, int flags)
{
	char path[CGROUP_PATH_MAX];
	int fd, r;

	if (h->dir >= 0) {
		fd = openat(h->dir, file ? file : ".", flags | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	r = str_print(path, sizeof path, "%s/%s%s%s", h->mount, cg->path, file ? "/" : "", file ? file : "");
	if (r < 0)
		return r;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cgroup_read(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file, char *buf, size_t size)
{
	autoclose int fd = cgroup_open_file(cg, h, file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return (int)n;
}
