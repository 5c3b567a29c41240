/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "store/store.h"

int store_log_folder(const struct store *store, const char *name, bool make, struct err *err)
{
	autofree char *path = str_fmt("%s/%s", store->log, name);
	int folder;

	if (!path)
		return err_nomem(err);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 && errno == ENOENT && make && file_mkdirs_at(AT_FDCWD, path, 0700, err) == 0)
		folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0 ? err_sys(err, errno, "open the log folder '%s'", path) : folder;
}

int store_log_open(int folder, const char *file, struct err *err)
{
	int fd = openat(folder, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? err_sys(err, errno, "open the log '%s'", file) : fd;
}
