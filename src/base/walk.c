/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/vec.h"

#define PATH_TOLD 300 /* bytes of a path that a message has room for: its end */

/* A folder that was entered: which it is, and those in it that are to come. */
struct level {
	dev_t dev;
	ino_t inode;
	struct strv folders;
	size_t next;
};

struct walking {
	const struct walk *walk;
	void *data;
	uint64_t mount;
	int at; /* the folder of the last level */
	size_t n, room;
	struct level *v;
};

/* In one call, for there are many of them. */
static int look(int at, const char *name, struct stat *ret, uint64_t *ret_mount)
{
	struct statx st;

	if (statx(at, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_MNT_ID,
		  &st) < 0)
		return -errno;
	*ret = (struct stat){ .st_dev = makedev(st.stx_dev_major, st.stx_dev_minor),
			      .st_ino = st.stx_ino,
			      .st_mode = st.stx_mode,
			      .st_nlink = st.stx_nlink,
			      .st_uid = st.stx_uid,
			      .st_gid = st.stx_gid,
			      .st_rdev = makedev(st.stx_rdev_major, st.stx_rdev_minor),
			      .st_size = (off_t)st.stx_size,
			      .st_blksize = (blksize_t)st.stx_blksize,
			      .st_blocks = (blkcnt_t)st.stx_blocks,
			      .st_atim = { st.stx_atime.tv_sec, st.stx_atime.tv_nsec },
			      .st_mtim = { st.stx_mtime.tv_sec, st.stx_mtime.tv_nsec },
			      .st_ctim = { st.stx_ctime.tv_sec, st.stx_ctime.tv_nsec } };
	*ret_mount = st.stx_mnt_id;
	return 0;
}

static int see(struct walking *w, struct level *level, const char *name, struct err *err)
{
	const struct walk *walk = w->walk;
	struct stat st;
	uint64_t mount = 0;
	int r = look(w->at, name, &st, &mount);

	if (r == -ENOENT) /* a node 0:0 of the lowest layer of an overlay is listed, and not there */
		return 0;
	if (r < 0)
		return walk_fail(w->at, name, -r, "look at", err);
	if (mount != w->mount)
		return walk->mounted && S_ISDIR(st.st_mode) ? walk->mounted(w->data, name, &st, err) : 0;
	if (S_ISDIR(st.st_mode))
		return strv_add(&level->folders, name) < 0 ? err_nomem(err) : 0;
	return walk->file ? walk->file(w->data, w->at, name, &st, err) : 0;
}

/* w->at has become a folder: what is in it. */
static int list(struct walking *w, struct err *err)
{
	struct level *v = vec_grow(w->v, w->n, &w->room, sizeof *v);
	int again = fcntl(w->at, F_DUPFD_CLOEXEC, 0), r = 0;
	autoclosedir DIR *dir = again < 0 ? NULL : fdopendir(again);
	const struct dirent *e;
	struct stat st;

	if (!v)
		return err_nomem(err);
	w->v = v;
	v += w->n;
	if (!dir || fstat(w->at, &st) < 0)
		return walk_fail(w->at, NULL, errno, "list", err);
	*v = (struct level){ .dev = st.st_dev, .inode = st.st_ino };
	w->n++;
	while (r == 0 && (errno = 0, e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			r = see(w, v, e->d_name, err);
	return r == 0 && errno ? walk_fail(w->at, NULL, errno, "list", err) : r;
}

static int go(struct walking *w, const char *name, struct err *err)
{
	int fd = openat(w->at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return walk_fail(w->at, name, errno, "open", err);
	close(w->at);
	w->at = fd;
	return 0;
}

static int enter(struct walking *w, const char *name, struct err *err)
{
	struct stat st;
	int r = go(w, name, err);

	if (r == 0 && w->walk->enter)
		r = fstat(w->at, &st) < 0 ? walk_fail(w->at, NULL, errno, "look at", err)
					  : w->walk->enter(w->data, name, &st, err);
	return r == 0 ? list(w, err) : r;
}

/* All of it has been seen but itself. */
static int leave(struct walking *w, struct err *err)
{
	struct stat st;
	int r = 0;

	if (w->walk->leave)
		r = fstat(w->at, &st) < 0 ? walk_fail(w->at, NULL, errno, "look at", err)
					  : w->walk->leave(w->data, w->at, &st, err);
	strv_done(&w->v[--w->n].folders);
	if (r < 0 || w->n == 0)
		return r;
	r = go(w, "..", err);
	if (r == 0 && (fstat(w->at, &st) < 0 || st.st_dev != w->v[w->n - 1].dev || st.st_ino != w->v[w->n - 1].inode))
		r = err_set(err, ESTALE, "somebody has moved its folders meanwhile");
	return r;
}

int walk_tree(int top, const struct walk *walk, void *data, struct err *err)
{
	struct walking w = { .walk = walk, .data = data, .at = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	int r = w.at < 0 || sys_mount_id(w.at, &w.mount) < 0 ? err_sys(err, errno, "open the folder") : list(&w, err);

	while (r == 0 && w.n > 0) {
		struct level *level = &w.v[w.n - 1];
		r = level->next == level->folders.n ? leave(&w, err) : enter(&w, level->folders.v[level->next++], err);
	}
	while (w.n > 0)
		strv_done(&w.v[--w.n].folders);
	free(w.v);
	if (w.at >= 0)
		close(w.at);
	return r;
}

int walk_fail(int at, const char *name, int code, const char *verb, struct err *err)
{
	autofree char *link = str_fmt("/proc/self/fd/%d", at), *path = NULL;
	char folder[1 << 12];
	ssize_t n = link ? readlink(link, folder, sizeof folder - 1) : -1;
	size_t len;

	folder[n < 0 ? 0 : n] = '\0'; /* its path may be too long to be told */
	path = str_fmt("%s%s%s", folder, name && n >= 0 && !str_eq(folder, "/") ? "/" : "", name ? name : "");
	len = path ? strlen(path) : 0;
	if (len > PATH_TOLD)
		return err_sys(err, code, "%s '...%s'", verb, path + len - PATH_TOLD);
	return err_sys(err, code, "%s '%s'", verb, path ? path : "");
}
