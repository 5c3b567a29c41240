/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/path.h"
#include "files/internal.h"

int base_open(const struct files_base *base, const char *path, int flags)
{
	int fd;

	if (base->inside)
		return path_open_in_root(base->root, path, flags, 0);
	fd = openat(base->root, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int base_open_in(int folder, const char *name, int flags, mode_t mode)
{
	return path_open_in_root(folder, name, flags | O_NOFOLLOW, mode);
}
