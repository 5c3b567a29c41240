/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/subvol.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"

#define DEEPEST 16 /* of those in each other: each has descriptors open */

bool subvol_is(int fd)
{
	struct statfs fs;
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == BTRFS_FIRST_FREE_OBJECTID && S_ISDIR(st.st_mode) &&
	       fstatfs(fd, &fs) == 0 && (uint32_t)fs.f_type == BTRFS_SUPER_MAGIC;
}

int subvol_id(int fd, uint64_t *ret)
{
	struct btrfs_ioctl_ino_lookup_args args = { .objectid = BTRFS_FIRST_FREE_OBJECTID };

	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP, &args) < 0)
		return -errno;
	*ret = args.treeid;
	return 0;
}

int subvol_make(int dirfd, const char *name)
{
	struct btrfs_ioctl_vol_args args = { 0 };
	int r = str_print(args.name, sizeof args.name, "%s", name);

	return r < 0 ? r : ioctl(dirfd, BTRFS_IOC_SUBVOL_CREATE, &args) < 0 ? -errno : 0;
}

static int set_flags(int fd, uint64_t flags)
{
	return ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &flags) < 0 ? -errno : 0;
}

/* One that is in the one that fd is the root of: fd, the folder that holds it, relative to fd, and its name. */
typedef int inner_fn(int fd, const char *folder, const char *name, void *data);

static int call(int fd, uint64_t id, uint64_t folder, inner_fn *fn, void *data)
{
	struct btrfs_ioctl_ino_lookup_user_args where = { .dirid = folder, .treeid = id };

	if (ioctl(fd, BTRFS_IOC_INO_LOOKUP_USER, &where) < 0)
		return errno == ENOENT ? 0 : -errno; /* it has just gone */
	return fn(fd, *where.path ? where.path : ".", where.name, data);
}

static int each_inner(int fd, inner_fn *fn, void *data)
{
	struct btrfs_ioctl_get_subvol_rootref_args refs = { 0 };
	int r, full;

	do {
		full = ioctl(fd, BTRFS_IOC_GET_SUBVOL_ROOTREF, &refs);
		if (full < 0 && errno != EOVERFLOW) /* there are more: min_treeid has moved on */
			return -errno;
		r = 0;
		for (size_t i = 0; i < refs.num_items && r == 0; i++)
			r = call(fd, refs.rootref[i].treeid, refs.rootref[i].dirid, fn, data);
	} while (r == 0 && full < 0);
	return r;
}

static int open_inner(int fd, const char *path)
{
	return path_open_in_root(fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

struct walk {
	int (*fn)(int fd, void *data);
	void *data;
	unsigned depth;
};

static int walk(int fd, const struct walk *w);

static int walk_inner(int fd, const char *folder, const char *name, void *data)
{
	const struct walk *outer = data, w = { outer->fn, outer->data, outer->depth + 1 };
	autoclose int holder = open_inner(fd, folder), inner = holder < 0 ? holder : open_inner(holder, name);

	if (inner < 0)
		return inner == -ENOENT ? 0 : inner; /* it has just gone */
	return w.depth == DEEPEST ? -ELOOP : walk(inner, &w);
}

static int walk(int fd, const struct walk *w)
{
	struct walk inner = *w;
	int r = w->fn(fd, w->data);

	return r == 0 ? each_inner(fd, walk_inner, &inner) : r;
}

int subvol_each(int fd, int (*fn)(int fd, void *data), void *data)
{
	return walk(fd, &(struct walk){ .fn = fn, .data = data });
}

struct copying {
	int root; /* of the new one */
	unsigned depth;
};

static int copy(int fd, int dirfd, const char *name, unsigned depth);

/* In the new one there is an empty folder in its place. The folder above keeps its times. */
static int copy_inner(int fd, const char *folder, const char *name, void *data)
{
	const struct copying *c = data;
	autoclose int holder = open_inner(fd, folder), inner = holder < 0 ? holder : open_inner(holder, name),
		      to = open_inner(c->root, folder);
	struct stat st;
	int r;

	if (inner < 0 || to < 0)
		return inner < 0 ? inner : to;
	if (fstat(holder, &st) < 0 || unlinkat(to, name, AT_REMOVEDIR) < 0)
		return -errno;
	r = copy(inner, to, name, c->depth + 1);
	return r == 0 && futimens(to, (struct timespec[]){ st.st_atim, st.st_mtim }) < 0 ? -errno : r;
}

static int copy(int fd, int dirfd, const char *name, unsigned depth)
{
	struct btrfs_ioctl_vol_args_v2 args = { .fd = fd };
	struct copying c = { .root = -1, .depth = depth };
	uint64_t flags;
	int r;

	if (depth == DEEPEST)
		return -ELOOP;
	if (str_print(args.name, sizeof args.name, "%s", name) < 0)
		return -ENAMETOOLONG;
	if (ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &flags) < 0 || ioctl(dirfd, BTRFS_IOC_SNAP_CREATE_V2, &args) < 0)
		return -errno;
	c.root = open_inner(dirfd, name);
	r = c.root < 0 ? c.root : each_inner(fd, copy_inner, &c);
	if (r == 0 && flags & BTRFS_SUBVOL_RDONLY) /* the guest has made it so */
		r = set_flags(c.root, BTRFS_SUBVOL_RDONLY);
	if (c.root >= 0)
		close(c.root);
	return r;
}

int subvol_copy(int fd, int dirfd, const char *name)
{
	autoclose int root = -1;

	if (!subvol_is(fd))
		return -EINVAL;
	root = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -errno : copy(root, dirfd, name, 0);
}

static int destroy(int dirfd, const char *name)
{
	struct btrfs_ioctl_vol_args args = { 0 };

	if (str_print(args.name, sizeof args.name, "%s", name) < 0)
		return -ENAMETOOLONG;
	return ioctl(dirfd, BTRFS_IOC_SNAP_DESTROY, &args) < 0 ? -errno : 0;
}

static int remove_depth(int dirfd, const char *name, unsigned depth);

static int remove_inner(int fd, const char *folder, const char *name, void *data)
{
	autoclose int holder = open_inner(fd, folder);

	return holder < 0 ? holder : remove_depth(holder, name, *(const unsigned *)data + 1);
}

/* What holds others cannot go, nor is anything removed from one that is read-only. */
static int remove_depth(int dirfd, const char *name, unsigned depth)
{
	autoclose int fd = -1;
	int r = destroy(dirfd, name);

	if (r != -ENOTEMPTY || depth == DEEPEST)
		return r;
	fd = open_inner(dirfd, name);
	if (fd < 0)
		return fd;
	r = set_flags(fd, 0);
	if (r == 0)
		r = each_inner(fd, remove_inner, &depth);
	return r < 0 ? -ENOTEMPTY : destroy(dirfd, name);
}

int subvol_remove(int dirfd, const char *name)
{
	return remove_depth(dirfd, name, 0);
}
