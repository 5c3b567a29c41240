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

int cgroup_freezer_open(struct cgroup_freezer *f, const int *folders, size_t n, struct err *err)
{
	int r = -ENOENT;

	for (int v2 = 1; v2 >= 0; v2--)
		for (size_t i = 0; i < n && r < 0; i++) {
			r = open_in(f, folders[i], v2);
			if (r < 0 && r != -ENOENT)
				return err_sys(err, -r, "open its freezer");
		}
	return r < 0 ? err_set(err, EOPNOTSUPP, "no cgroup hierarchy of this host can freeze") : 0;
}

void cgroup_freezer_close(struct cgroup_freezer *f)
{
	if (f->set >= 0)
		close(steal_fd(&f->set));
	if (f->look >= 0)
		close(steal_fd(&f->look));
}

int cgroup_freezer_set(const struct cgroup_freezer *f, bool frozen, struct err *err)
{
	const char *text = f->v2 ? (frozen ? "1" : "0") : (frozen ? "FROZEN" : "THAWED");

	if (pwrite(f->set, text, strlen(text), 0) < 0)
		return err_sys(err, errno, "write '%s' to its freezer", text);
	return 0;
}

int cgroup_freezer_frozen(const struct cgroup_freezer *f)
{
	char text[128];
	ssize_t n = pread(f->look, text, sizeof text - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return strstr(text, f->v2 ? "frozen 1" : "FROZEN") != NULL;
}
