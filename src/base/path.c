/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys.h"

int path_open_in_root(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	do /* EAGAIN: a rename raced with the walk (openat2(2)) */
		fd = sys_openat2(root, path, &how);
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd < 0 ? -errno : fd;
}

int path_mkdirs_in_root(int root, const char *path, mode_t mode, struct err *err)
{
	autocall(str_done) struct str so_far = { 0 };
	autofree char *copy = strdup(path);
	autoclose int at = -1;
	char *save = NULL;

	if (!copy)
		return err_nomem(err);
	at = path_open_in_root(root, ".", O_PATH | O_DIRECTORY, 0);
	if (at < 0)
		return err_sys(err, -at, "open the root folder");
	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (mkdirat(at, part, mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder '%s'", path);
		str_addf(&so_far, "/%s", part);
		if (so_far.failed)
			return err_nomem(err);
		int next = path_open_in_root(root, so_far.text, O_PATH | O_DIRECTORY, 0);
		if (next < 0)
			return err_sys(err, -next, "open folder '%s'", so_far.text);
		close(at);
		at = next;
	}
	return steal_fd(&at);
}

int path_readlink_in_root(int root, const char *path, char **ret, struct err *err)
{
	autoclose int fd = path_open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);
	autofree char *target = malloc(PATH_LINK_LONGEST);
	ssize_t n;

	if (fd < 0)
		return err_sys(err, -fd, "open '%s'", path);
	if (!target)
		return err_nomem(err);
	n = readlinkat(fd, "", target, PATH_LINK_LONGEST);
	if (n < 0)
		return err_sys(err, errno, "read the link '%s'", path);
	*ret = strndup(target, (size_t)n);
	return *ret ? 0 : err_nomem(err);
}
