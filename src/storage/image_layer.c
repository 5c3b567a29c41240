/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container has changed becomes an image, and such images go with the last that stands on them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "base/log.h"
#include "storage/image_internal.h"
#include "storage/tree.h"

#define LAYER "layer-"

/* --- deltas -------------------------------------------------------------------------------------------------------------
 */

/* The overlay's own attributes are of one layer, not of what it stands for. */
static int make_like(int at, const char *name, int like, struct err *err)
{
	autoclose int made = -1;
	struct stat st;

	if (fstat(like, &st) < 0 || mkdirat(at, name, 0700) < 0 ||
	    (made = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return err_sys(err, errno, "make folder '%s'", name);
	return tree_copy_folder(like, made, &st, "trusted.overlay.", err);
}

int image_make_blocks(int folder, const char *name, struct err *err)
{
	int delta =
		mkdirat(folder, name, 0700) < 0 ? -1 : openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return delta < 0 ? err_sys(err, errno, "make folder '%s'", name) : delta;
}

int image_settle_file(int file, struct err *err)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	struct stat st;

	if (fstat(file, &st) < 0)
		return err_sys(err, errno, "look at what is to be an image");
	times[1].tv_sec = st.st_mtim.tv_sec;
	return futimens(file, times) < 0 || fsync(file) < 0 ? err_sys(err, errno, "sync what is to be an image") : 0;
}

int image_make_delta(int folder, const char *name, int like, struct err *err)
{
	autoclose int delta = image_make_blocks(folder, name, err);

	if (delta >= 0 && mkdirat(delta, "work", 0700) < 0)
		return err_sys(err, errno, "make folder '%s'", name);
	if (delta >= 0 && like >= 0 && make_like(delta, IMAGE_TREE, like, err) < 0)
		return -err->code;
	return delta < 0 ? delta : steal_fd(&delta);
}

/* --- freezing -----------------------------------------------------------------------------------------------------------
 */

/* 1: of the one that it is. */
static int open_tree(int delta, int *ret_tree, struct err *err)
{
	*ret_tree = openat(delta, IMAGE_TREE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_tree < 0 && errno == ENOENT)
		return 0;
	return *ret_tree < 0 ? err_sys(err, errno, "open '" IMAGE_TREE "'") : 1;
}

int image_is_changed(int folder, const char *name, struct err *err)
{
	autoclose int delta = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int tree = -1, r = delta < 0 ? err_sys(err, errno, "open '%s'", name) : open_tree(delta, &tree, err);
	autoclosedir DIR *dir = tree < 0 ? NULL : fdopendir(tree);
	const struct dirent *e;

	if (r == 0)
		return faccessat(delta, IMAGE_BLOCKS, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (!dir)
		return r < 0 ? r : err_nomem(err);
	while ((e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			return 1;
	return 0;
}

/* An interrupted one has given the delta its name, and may have made what was to take its place. */
static int forget_interrupted(int images, int delta, struct err *err)
{
	autofree char *name = NULL;
	char id[IMAGE_ID_SIZE];
	int r = image_read(delta, IMAGE_NAME, id, NULL);

	if (r == 0)
		return 0;
	if (r > 0 && str_starts(id, LAYER)) {
		name = str_fmt("%s/" IMAGE_NAME, id);
		if (!name)
			return err_nomem(err);
		r = faccessat(images, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ? file_remove_tree_at(images, id, err) : 0;
		if (r < 0)
			return r;
	}
	return unlinkat(delta, IMAGE_NAME, 0) < 0 ? err_sys(err, errno, "remove '" IMAGE_NAME "'") : 0;
}

int image_choose_id(char ret[static IMAGE_ID_SIZE], struct err *err)
{
	uint64_t number;

	if (getrandom(&number, sizeof number, 0) != sizeof number)
		return err_sys(err, errno, "make up a name");
	return str_print(ret, IMAGE_ID_SIZE, LAYER "%016jx", (uintmax_t)number);
}

/* On disk before anything stands on it; its name comes with the exchange, which is later in the same journal. */
static int write_id(int delta, const char *id, struct err *err)
{
	autoclose int file = openat(delta, IMAGE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = file < 0 ? -errno : file_write_all(file, id, strlen(id));

	if (r == 0 && fsync(file) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, -r, "write the name of image '%s'", id) : 0;
}

/* Under the image's name lies what is to be the delta, until the two change places: it has no `id`, so it is no image. */
static int change_places(int images, int folder, const char *name, int delta, int tree, const char *id, struct err *err)
{
	autoclose int fresh = -1;
	int r = write_id(delta, id, err);

	debug_point("freeze", "named");
	if (r == 0)
		r = fresh = tree < 0 ? image_make_blocks(images, id, err) : image_make_delta(images, id, tree, err);
	if (r >= 0 && linkat(delta, IMAGE_NAME, fresh, IMAGE_BASE, 0) < 0)
		r = err_sys(err, errno, "link image '%s'", id);
	debug_point("freeze", "prepared");
	if (r >= 0 && renameat2(images, id, folder, name, RENAME_EXCHANGE) < 0)
		r = err_sys(err, errno, "put image '%s' in place", id);
	debug_point("freeze", "exchanged");
	return r < 0 ? r : 0;
}

int image_freeze(const struct store *store, int folder, const char *name, char ret_id[static IMAGE_ID_SIZE], struct err *err)
{
	autoclose int images = image_folder(store, true, err), lock = -1, delta = -1, tree = -1;
	int r;

	if (images < 0)
		return images;
	delta = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (delta < 0)
		return err_sys(err, errno, "open '%s'", name);
	r = open_tree(delta, &tree, err);
	if (r >= 0)
		r = image_is_changed(folder, name, err);
	if (r < 0)
		return r;
	if (r == 0)
		return image_read(delta, IMAGE_BASE, ret_id, err) > 0 ? 0 : err_set(err, ENOENT, "it stands on nothing");
	lock = image_lock(images, err);
	r = lock < 0 ? lock : forget_interrupted(images, delta, err);
	if (r == 0)
		r = image_choose_id(ret_id, err);
	if (r == 0)
		r = change_places(images, folder, name, delta, tree, ret_id, err);
	if (r < 0 && lock >= 0)
		forget_interrupted(images, delta, NULL);
	return r;
}

/* --- what nobody stands on ----------------------------------------------------------------------------------------------
 */

/* Nobody, but for itself; or it is what an interrupted freeze had prepared. */
static bool is_unused(int images, const char *id)
{
	autofree char *name = str_fmt("%s/" IMAGE_NAME, id);
	struct stat st;

	if (!name)
		return false;
	return fstatat(images, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? errno == ENOENT : st.st_nlink == 1;
}

/* What an interrupted freeze had prepared; of one that is at it the lock is waited for. */
static int remove_prepared(int images, const char *id, const char *name, struct err *err)
{
	autoclose int lock = image_lock(images, err);

	if (lock < 0 || faccessat(images, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return lock < 0 ? lock : 0;
	return file_remove_tree_at(images, id, err) < 0 ? -err->code : 1;
}

/* 1; 0: somebody stands on it after all. */
static int remove_one(const struct store *store, int images, const char *id, struct err *err)
{
	autofree char *name = str_fmt("%s/" IMAGE_NAME, id);
	int r;

	if (!name)
		return err_nomem(err);
	if (faccessat(images, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return remove_prepared(images, id, name, err);
	r = image_remove(store, id, err);
	if (r != -EBUSY && r != -ENOENT)
		return r < 0 ? r : 1;
	err_clear(err);
	return 0;
}

/* How many have gone. */
static int drop_all(const struct store *store, int images, struct err *err)
{
	int again = openat(images, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0, r = 0;
	autoclosedir DIR *dir = again < 0 ? NULL : fdopendir(again);
	const struct dirent *e;

	if (!dir)
		return err_sys(err, errno, "list the images");
	while (r >= 0 && (e = readdir(dir)))
		if (str_starts(e->d_name, LAYER) && is_unused(images, e->d_name)) {
			r = remove_one(store, images, e->d_name, err);
			n += r > 0;
		}
	return r < 0 ? r : n;
}

void image_drop_unused(const struct store *store)
{
	autoclose int images = image_folder(store, false, NULL);
	struct err err = { 0 };
	int r = images < 0 ? 0 : image_sweep(store, &err); /* what lies there may still stand on others */

	if (r == 0 && images >= 0)
		while ((r = drop_all(store, images, &err)) > 0) /* each may have been the last on another */
			;
	if (r < 0)
		log_warn("remove images that are used no more: %s", err.msg);
}

/* One more than itself. */
static bool has_one_user(int image)
{
	struct stat st;

	return fstatat(image, IMAGE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_nlink == 2;
}

int image_own(const struct store *store, int folder, const char *name,
	      int (*size)(char *path, uint64_t *ret, struct err *err), uint64_t *ret, struct err *err)
{
	autoclose int at = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char id[IMAGE_ID_SIZE];
	int r = 0;

	*ret = 0;
	while (r == 0 && at >= 0 && image_read(at, IMAGE_BASE, id, err) > 0 && str_starts(id, LAYER)) {
		autofree char *path = str_fmt("%s/" IMAGE_FOLDER "/%s", store->containers, id);
		uint64_t one = 0;
		close(at);
		at = image_open(store, id, err);
		if (at < 0 || !has_one_user(at))
			break;
		r = path ? size(path, &one, err) : err_nomem(err);
		*ret += one;
	}
	return r;
}
