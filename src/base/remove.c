/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/subvol.h"
#include "base/sys.h"

#define LEVELS_MOST 32 /* of folders that are open at once, two descriptors each */

/* A tree that is being removed. */
struct removal {
	int out;         /* its uppermost folder, once that is open */
	int top;         /* the same, or of the subvolume that we are in: no file or folder is renamed out of one */
	uint64_t mount;  /* what is mounted on it is not part of it */
	unsigned levels; /* from top to where we are */
	unsigned long moved;
};

static int remove_entries(struct removal *r, int fd, const char *path, struct err *err);

/* A folder that lies deep goes to the top, for another round: who fills a tree can make it deeper than there are open files
 * or stack to follow. */
static int move_up(struct removal *r, int to_dir, int dirfd, const char *name, const char *path, struct err *err)
{
	char to[32];
	int code;

	do {
		snprintf(to, sizeof to, "removed-%lu", r->moved++);
		code = renameat(dirfd, name, to_dir, to) < 0 ? errno : 0;
	} while (code == EEXIST || code == ENOTEMPTY || code == ENOTDIR); /* there is something of that name */
	return code ? err_sys(err, code, "remove '%s'", path) : 0;
}

/* What is in a folder, then itself. */
static int remove_folder(struct removal *r, int dirfd, const char *name, int fd, const char *path, struct err *err)
{
	unsigned long moved;
	int code;

	do {
		moved = r->moved;
		r->levels++;
		code = remove_entries(r, fd, path, err);
		r->levels--;
	} while (code == 0 && (fd == r->top || fd == r->out) && r->moved != moved);
	if (code < 0)
		return code;
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? err_sys(err, errno, "remove '%s'", path) : 0;
}

/* All at once, where it can be. Else it is walked through as a top of its own, and those in it come out. */
static int remove_subvolume(struct removal *r, int dirfd, const char *name, int fd, const char *path, struct err *err)
{
	const struct removal outer = *r;
	int code = subvol_remove(dirfd, name);

	if (code != -ENOTEMPTY)
		return code < 0 && code != -ENOENT ? err_sys(err, -code, "remove the subvolume '%s'", path) : 0;
	if (outer.out >= 0 && outer.top != outer.out)
		return move_up(r, outer.out, dirfd, name, path, err);
	r->top = fd;
	r->levels = 0;
	code = remove_folder(r, dirfd, name, fd, path, err);
	r->top = outer.top;
	r->levels = outer.levels;
	return code;
}

/* Removes one entry of the folder dirfd; `path` is what messages call it. */
static int remove_entry(struct removal *r, int dirfd, const char *name, const char *path, struct err *err)
{
	autoclose int fd = -1;
	uint64_t mount;
	int code;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	code = errno;
	if (code != EISDIR && code != EPERM)
		return err_sys(err, code, "remove '%s'", path);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0) /* no folder: what unlink has said, then */
		return err_sys(err, errno == ENOTDIR ? code : errno, "remove '%s'", path);
	if (sys_mount_id(fd, &mount) < 0)
		return err_sys(err, errno, "find the mount of '%s'", path);
	if (mount != r->mount)
		return err_set(err, EBUSY, "remove '%s': something is mounted there", path);
	if (r->out < 0)
		r->top = r->out = fd;
	if (subvol_is(fd))
		return remove_subvolume(r, dirfd, name, fd, path, err);
	if (r->levels == LEVELS_MOST)
		return move_up(r, r->top, dirfd, name, path, err);
	return remove_folder(r, dirfd, name, fd, path, err);
}

static int remove_entries(struct removal *r, int fd, const char *path, struct err *err)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* read from its start in each round */
	autoclosedir DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *e;

	if (!dir)
		return err_sys(err, errno, "list '%s'", path);
	while ((e = readdir(dir))) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		autofree char *sub = str_fmt("%s/%s", path, e->d_name);
		if (!sub)
			return err_nomem(err);
		int code = remove_entry(r, fd, e->d_name, sub, err);
		if (code < 0)
			return code;
	}
	return 0;
}

int file_remove_tree_at(int dirfd, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	autofree char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	struct removal removal = { .top = -1, .out = -1 };
	autoclose int parent = -1;

	if (!folder)
		return err_nomem(err);
	parent = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open '%s'", folder);
	if (sys_mount_id(parent, &removal.mount) < 0)
		return err_sys(err, errno, "find the mount of '%s'", folder);
	return remove_entry(&removal, parent, slash ? slash + 1 : path, path, err);
}
