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

#define RACES 16

int path_open_in_root(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;

	do /* a rename or mount raced with the walk (openat2(2)): EAGAIN; EXDEV, when it looked as if it had led out */
		fd = sys_openat2(root, path, &how);
	while (fd < 0 && (errno == EAGAIN || errno == EINTR || (errno == EXDEV && ++tries < RACES)));
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

/* The root is its own parent. A mount point may have its parent's inode (bind mounts), but not its mount. */
int path_up(int *dir)
{
	autoclose int parent = openat(*dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat here, up;
	uint64_t mount_here, mount_up;

	if (parent < 0 || fstat(*dir, &here) < 0 || fstat(parent, &up) < 0 || sys_mount_id(*dir, &mount_here) < 0 ||
	    sys_mount_id(parent, &mount_up) < 0)
		return -errno;
	if (here.st_ino == up.st_ino && here.st_dev == up.st_dev && mount_here == mount_up)
		return 0;
	close(*dir);
	*dir = steal_fd(&parent);
	return 1;
}

int path_is_below(int dir, int top)
{
	autoclose int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	struct stat here, wanted;
	int r = at < 0 || fstat(top, &wanted) < 0 ? -errno : 1;

	for (; r > 0; r = path_up(&at)) {
		if (fstat(at, &here) < 0)
			return -errno;
		if (here.st_ino == wanted.st_ino && here.st_dev == wanted.st_dev)
			return 1;
	}
	return r;
}

int path_relate(int dir, const char *other, enum path_relation *ret, struct err *err)
{
	autoclose int fd = open(other, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int inside, around;

	*ret = PATH_APART;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	inside = fd < 0 ? -errno : path_is_below(dir, fd);
	around = inside < 0 ? inside : path_is_below(fd, dir);
	if (around < 0)
		return err_sys(err, -around, "look at '%s'", other);
	if (inside || around)
		*ret = inside && around ? PATH_SAME : inside ? PATH_INSIDE : PATH_AROUND;
	return 0;
}
