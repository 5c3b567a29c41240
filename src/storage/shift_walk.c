/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A walk that needs one open folder however deep a guest has made its tree. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "base/vec.h"
#include "storage/shift.h"

/* A folder that was entered: which it is, and those in it that are to come. */
struct level {
	dev_t dev;
	ino_t inode;
	struct strv folders;
	size_t next;
};

struct walk {
	shift_walk_fn *fn;
	void *data;
	uint64_t mount;
	int at; /* the folder of the last level */
	size_t n, room;
	struct level *v;
};

static int look_at(struct walk *w, struct level *level, const char *name, struct err *err)
{
	autoclose int fd = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	uint64_t mount;

	if (fd < 0 || fstat(fd, &st) < 0 || sys_mount_id(fd, &mount) < 0)
		return err_sys(err, errno, "look at '%s'", name);
	if (mount != w->mount)
		return 0;
	if (S_ISDIR(st.st_mode))
		return strv_add(&level->folders, name) < 0 ? err_nomem(err) : 0;
	return w->fn(w->data, fd, &st, err);
}

/* w->at has become a folder: what is in it. */
static int enter(struct walk *w, struct err *err)
{
	struct level *v = vec_grow(w->v, w->n, &w->room, sizeof *v);
	int again = openat(w->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	autoclosedir DIR *dir = again < 0 ? NULL : fdopendir(again);
	const struct dirent *e;
	struct stat st;

	if (!v)
		return err_nomem(err);
	w->v = v;
	v += w->n;
	if (!dir || fstat(w->at, &st) < 0)
		return err_sys(err, errno, "list a folder");
	*v = (struct level){ .dev = st.st_dev, .inode = st.st_ino };
	w->n++;
	while (r == 0 && (e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			r = look_at(w, v, e->d_name, err);
	return r;
}

static int go(struct walk *w, const char *name, struct err *err)
{
	int fd = openat(w->at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open folder '%s'", name);
	close(w->at);
	w->at = fd;
	return 0;
}

/* All of it has been seen but itself. */
static int leave(struct walk *w, struct err *err)
{
	struct stat st;
	int r = fstat(w->at, &st) < 0 ? err_sys(err, errno, "look at a folder") : w->fn(w->data, w->at, &st, err);

	strv_done(&w->v[--w->n].folders);
	if (r < 0 || w->n == 0)
		return r;
	r = go(w, "..", err);
	if (r == 0 && (fstat(w->at, &st) < 0 || st.st_dev != w->v[w->n - 1].dev || st.st_ino != w->v[w->n - 1].inode))
		r = err_set(err, ESTALE, "somebody has moved its folders meanwhile");
	return r;
}

int shift_walk(int root, shift_walk_fn *fn, void *data, struct err *err)
{
	struct walk w = { .fn = fn, .data = data, .at = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	int r = w.at < 0 || sys_mount_id(w.at, &w.mount) < 0 ? err_sys(err, errno, "open it") : enter(&w, err);

	while (r == 0 && w.n > 0) {
		struct level *level = &w.v[w.n - 1];
		if (level->next == level->folders.n) {
			r = leave(&w, err);
			continue;
		}
		r = go(&w, level->folders.v[level->next++], err);
		if (r == 0)
			r = enter(&w, err);
	}
	while (w.n > 0)
		strv_done(&w.v[--w.n].folders);
	free(w.v);
	if (w.at >= 0)
		close(w.at);
	return r;
}
