/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which images there are, and the end of those that nothing stands on. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/vec.h"
#include "storage/image_internal.h"

#define GONE "gone-" /* in .new: one that is being removed */

static DIR *open_list(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static bool look(int images, const char *name, struct image *ret)
{
	autoclose int dir = openat(images, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (dir < 0 || str_print(ret->id, sizeof ret->id, "%s", name) < 0 || fstatat(dir, IMAGE_NAME, &st, 0) < 0)
		return false;
	ret->created = (uint64_t)st.st_mtim.tv_sec * CLOCK_SECOND + (uint64_t)st.st_mtim.tv_nsec;
	ret->file = st.st_ino;
	ret->users = st.st_nlink - 1;
	if (image_read(dir, IMAGE_BASE, ret->base, NULL) <= 0)
		ret->base[0] = '\0';
	return true;
}

static int add(int images, const char *name, struct images *list, struct err *err)
{
	struct image *v = vec_grow(list->v, list->n, &list->room, sizeof *v);

	if (!v)
		return err_nomem(err);
	list->v = v;
	v += list->n;
	*v = (struct image){ 0 };
	if (look(images, name, v))
		list->n++;
	return 0;
}

static int add_key(int images, const char *link, struct images *list, struct err *err)
{
	char id[IMAGE_ID_SIZE];
	ssize_t n = readlinkat(images, link, id, sizeof id - 1);

	id[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i].id, id) && strv_add(&list->v[i].keys, link + strlen(IMAGE_KEY)) < 0)
			return err_nomem(err);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct image *one = a, *other = b;

	if (one->created != other->created)
		return one->created < other->created ? -1 : 1;
	return strcmp(one->id, other->id);
}

static int list_in(int images, struct images *ret, struct err *err)
{
	autoclosedir DIR *dir = open_list(images);
	const struct dirent *e;
	int r = dir ? 0 : err_sys(err, errno, "list the images");

	while (r >= 0 && (e = readdir(dir)))
		if (image_is_id(e->d_name) && !str_starts(e->d_name, IMAGE_KEY))
			r = add(images, e->d_name, ret, err);
	if (dir)
		rewinddir(dir);
	while (r >= 0 && (e = readdir(dir)))
		if (str_starts(e->d_name, IMAGE_KEY))
			r = add_key(images, e->d_name, ret, err);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_time);
	return r < 0 ? r : 0;
}

int image_list(const struct store *store, struct images *ret, struct err *err)
{
	autoclose int images = image_folder(store, false, err);

	*ret = (struct images){ 0 };
	if (images == -ENOENT) {
		err_clear(err);
		return 0;
	}
	return images < 0 ? images : list_in(images, ret, err);
}

void images_done(struct images *list)
{
	for (size_t i = 0; i < list->n; i++)
		strv_done(&list->v[i].keys);
	free(list->v);
	*list = (struct images){ 0 };
}

static void drop_keys(int images, const char *id)
{
	autoclosedir DIR *dir = open_list(images);
	char at[IMAGE_ID_SIZE];
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		ssize_t n = str_starts(e->d_name, IMAGE_KEY) ? readlinkat(images, e->d_name, at, sizeof at - 1) : 0;
		at[n > 0 ? n : 0] = '\0';
		if (str_eq(at, id))
			unlinkat(images, e->d_name, 0);
	}
}

/* Under the lock of all images it becomes one that is being removed; *ret_folder: its own, locked. */
static int retire(const struct store *store, int images, int news, const char *id, const char *gone, int *ret_folder,
		  struct err *err)
{
	autoclose int lock = image_lock(images, err), dir = -1;
	struct stat st;

	if (lock < 0)
		return lock;
	dir = image_is_id(id) ? openat(images, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : (errno = ENOENT, -1);
	if (dir < 0 || fstatat(dir, IMAGE_NAME, &st, 0) < 0)
		return err_sys(err, errno, "open image '%s'", id);
	if (st.st_nlink > 1)
		return err_set(err, EBUSY, "image '%s' is in use", id);
	if (image_check_unused(store, id, err) < 0)
		return -err->code;
	if (flock(dir, LOCK_EX | LOCK_NB) < 0 || renameat(images, id, news, gone) < 0)
		return err_sys(err, errno, "remove image '%s'", id);
	drop_keys(images, id);
	*ret_folder = steal_fd(&dir);
	return 0;
}

int image_remove(const struct store *store, const char *id, struct err *err)
{
	autoclose int images = image_folder(store, false, err), folder = -1;
	autoclose int news = images < 0 ? -1 : image_new_folder(images, err);
	char gone[IMAGE_ID_SIZE + sizeof GONE];
	int r;

	if (news < 0)
		return -err->code;
	if (str_print(gone, sizeof gone, GONE "%s", id) < 0)
		return err_set(err, ENOENT, "there is no image '%s'", id);
	r = file_remove_tree_at(news, gone, err);
	if (r == 0)
		r = retire(store, images, news, id, gone, &folder, err);
	debug_point("image", "gone");
	return r < 0 ? r : file_remove_tree_at(news, gone, err);
}

/* What somebody is at is locked. */
static int sweep_one(int news, const char *name, struct err *err)
{
	autoclose int dir = openat(news, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0)
		return 0;
	return file_remove_tree_at(news, name, err);
}

static int sweep_in(int news, struct err *err)
{
	autoclosedir DIR *dir = open_list(news);
	const struct dirent *e;
	int r = dir ? 0 : err_sys(err, errno, "list what is being made of images");

	while (r == 0 && (e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			r = sweep_one(news, e->d_name, err);
	return r;
}

int image_sweep(const struct store *store, struct err *err)
{
	autoclose int images = image_folder(store, false, err), news = -1;
	int r = images;

	if (images == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (images >= 0)
		r = news = image_new_folder(images, err);
	return r < 0 ? r : sweep_in(news, err);
}
