/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/shift.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/log.h"
#include "base/walk.h"

/* Of what is no folder: a descriptor for what wants one. */
static int with_file(struct shift *s, int at, const char *name, const struct stat *st,
		     int (*fn)(struct shift *, int, const struct stat *, struct err *), struct err *err)
{
	autoclose int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? walk_fail(at, name, errno, "open", err) : fn(s, fd, st, err);
}

static int look_file(void *data, int at, const char *name, const struct stat *st, struct err *err)
{
	return with_file(data, at, name, st, shift_look, err);
}

static int look_folder(void *data, int fd, const struct stat *st, struct err *err)
{
	return shift_look(data, fd, st, err);
}

static int change(struct shift *s, int fd, const struct stat *st, struct err *err)
{
	int r = shift_change(s, fd, st, err);

	debug_point("shift", S_ISDIR(st->st_mode) ? "folder" : "file");
	return r;
}

static int change_file(void *data, int at, const char *name, const struct stat *st, struct err *err)
{
	return with_file(data, at, name, st, change, err);
}

static int change_folder(void *data, int fd, const struct stat *st, struct err *err)
{
	return change(data, fd, st, err);
}

static const struct walk looking = { .file = look_file, .leave = look_folder };
static const struct walk changing = { .file = change_file, .leave = change_folder };

static int by_inode(const void *a, const void *b)
{
	const struct shift_special *one = a, *other = b;

	return one->inode < other->inode ? -1 : one->inode > other->inode;
}

static int collect(struct shift *s, int root, struct err *err)
{
	int r = walk_tree(root, &looking, s, err);

	if (s->n)
		qsort(s->v, s->n, sizeof *s->v, by_inode);
	return r;
}

static int finish(struct shift *s, int folder, int root, struct err *err)
{
	int r = walk_tree(root, &changing, s, err);

	if (r == 0)
		r = file_sync_system(root, err); /* before the record says that it is done */
	debug_point("shift", "changed");
	if (r < 0)
		return err_wrap(err, "change the ids on disk");
	s->done = true;
	if (s->out)
		return shift_write(folder, s, err);
	return unlinkat(folder, STORAGE_SHIFT, 0) < 0 ? err_sys(err, errno, "remove '" STORAGE_SHIFT "'") : 0;
}

static int begin(struct shift *s, int folder, int root, struct err *err)
{
	int r;

	s->done = false;
	s->n = 0;
	r = collect(s, root, err);
	if (r == 0)
		r = shift_write(folder, s, err);
	debug_point("shift", "recorded");
	return r < 0 ? r : finish(s, folder, root, err);
}

/* Where the two have an id in common, nobody could tell which it is. */
static int check_map(const struct storage_map *map, struct err *err)
{
	for (size_t i = 0; i < map->n; i++)
		for (size_t k = 0; k < map->n; k++) {
			const struct storage_range *in = &map->v[i], *out = &map->v[k];
			if (in->gid == out->gid && in->inside < (uint64_t)out->outside + out->count &&
			    out->outside < (uint64_t)in->inside + in->count)
				return err_set(err, EOPNOTSUPP,
					       "its ids cannot be changed on disk: some are inside as on the host");
		}
	return 0;
}

/* What there is of a record; finished. 1: it has been done. */
static int settle(int folder, int root, struct shift *s, struct err *err)
{
	int r = shift_read(folder, root, s, err);

	if (r <= 0 || s->done)
		return r;
	log_info("the ids on disk are being changed still");
	r = finish(s, folder, root, err);
	return r < 0 ? r : s->out;
}

static bool is_same(const struct storage_map *a, const struct storage_map *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (a->v[i].gid != b->v[i].gid || a->v[i].inside != b->v[i].inside || a->v[i].outside != b->v[i].outside ||
		    a->v[i].count != b->v[i].count)
			return false;
	return a->n == b->n;
}

int shift_settle(int folder, int root, const struct storage_map *now, struct err *err)
{
	autocall(shift_done) struct shift s = { 0 };
	int r = settle(folder, root, &s, err);

	if (r <= 0 || !now || is_same(&s.map, now))
		return r < 0 ? r : 0;
	s.out = false;
	return begin(&s, folder, root, err);
}

int shift_out(int folder, int root, const struct storage_ids *ids, struct err *err)
{
	autocall(shift_done) struct shift s = { .map = ids->map, .out = true };
	int r = check_map(&ids->map, err);

	if (r < 0)
		return r;
	file_which(root, ".", s.root);
	log_info("this kernel, or this file system, cannot map the ids of its files: they are changed on disk");
	return begin(&s, folder, root, err);
}

int shift_undo(int folder, int root, int to, const char *name, struct err *err)
{
	autocall(shift_done) struct shift s = { 0 };
	autoclose int copy = -1;
	int r = settle(folder, root, &s, err);

	if (r <= 0)
		return r;
	copy = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (copy < 0)
		return err_sys(err, errno, "open the copy");
	s.out = false;
	s.n = 0;
	r = collect(&s, copy, err);
	return r == 0 ? walk_tree(copy, &changing, &s, err) : r;
}
