/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cgroup-v2.rst, "cgroup.freeze"; cgroup-v1/freezer-subsystem.rst. */
#include "cgroup/freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static int open_in(struct cgroup_freezer *f, int folder, bool v2)
{
	f->v2 = v2;
	f->set = openat(folder, v2 ? "cgroup.freeze" : "freezer.state", O_WRONLY | O_CLOEXEC);
	if (f->set < 0)
		return -errno;
	f->look = openat(folder, v2 ? "cgroup.events" : "freezer.state", O_RDONLY | O_CLOEXEC);
	if (f->look >= 0)
		return 0;
	int code = errno;
	close(steal_fd(&f->set));
	return -code;
}

static int open_v1(const int *folders, size_t n)
{
	int fd = -1;

	for (size_t i = 0; i < n && fd < 0; i++)
		fd = openat(folders[i], "freezer.state", O_RDWR | O_CLOEXEC);
	return fd;
}

int cgroup_freezer_open(struct cgroup_freezer *f, const int *folders, size_t n, struct err *err)
{
	int r = -ENOENT;

	f->beside = -1;
	for (int v2 = 1; v2 >= 0; v2--)
		for (size_t i = 0; i < n && r < 0; i++) {
			r = open_in(f, folders[i], v2);
			if (r < 0 && r != -ENOENT)
				return err_sys(err, -r, "open its freezer");
		}
	if (r < 0)
		return err_set(err, EOPNOTSUPP, "no cgroup hierarchy of this host can freeze");
	if (f->v2)
		f->beside = open_v1(folders, n);
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(steal_fd(fd));
}

void cgroup_freezer_close(struct cgroup_freezer *f)
{
	close_one(&f->set);
	close_one(&f->look);
	close_one(&f->beside);
}

static int put(int fd, const char *text, struct err *err)
{
	return pwrite(fd, text, strlen(text), 0) < 0 ? err_sys(err, errno, "write '%s' to its freezer", text) : 0;
}

int cgroup_freezer_set(const struct cgroup_freezer *f, bool frozen, struct err *err)
{
	int r = put(f->set, f->v2 ? (frozen ? "1" : "0") : (frozen ? "FROZEN" : "THAWED"), err);

	if (r == 0 && !frozen && f->beside >= 0)
		r = put(f->beside, "THAWED", err);
	return r;
}

static int says(int fd, const char *word)
{
	char text[128];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return strstr(text, word) != NULL;
}

int cgroup_freezer_frozen(const struct cgroup_freezer *f)
{
	int r = says(f->look, f->v2 ? "frozen 1" : "FROZEN");

	return r == 0 && f->beside >= 0 ? says(f->beside, "FROZEN") : r;
}
