/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What stands on many images is made to stand on one: there is an end to how many the kernel takes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "storage/image_internal.h"
#include "storage/internal.h"

#define MADE "image" /* in .new/ID */

int image_depth(const struct store *store, int folder, const char *name, struct err *err)
{
	autoclose int at = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char id[IMAGE_ID_SIZE];
	int depth = 0, r;

	if (at < 0)
		return err_sys(err, errno, "open '%s'", name);
	while ((r = image_read(at, IMAGE_BASE, id, err)) > 0) {
		close(at);
		at = image_open(store, id, err);
		if (at < 0)
			return at;
		depth++;
	}
	return r < 0 ? r : depth;
}

static int fill_tree(int image, void *tree, struct err *err)
{
	return storage_copy_tree(*(int *)tree, image, IMAGE_TREE, err);
}

static int settle(int image, struct err *err)
{
	autoclose int file = openat(image, IMAGE_FILE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	return file < 0 ? err_sys(err, errno, "open '" IMAGE_FILE "'") : image_settle_file(file, err);
}

/* file: it is one, and no tree. */
static int make(int news, const char *id, image_fill_fn *fill, void *data, bool file, struct err *err)
{
	autoclose int lock = image_lock_new(news, id, err), made = -1;
	int r = lock;

	if (lock >= 0 && (mkdirat(lock, MADE, 0700) < 0 ||
			  (made = openat(lock, MADE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0))
		r = err_sys(err, errno, "make a folder for image '%s'", id);
	if (r >= 0)
		r = fill(made, data, err);
	if (r == 0 && file)
		r = settle(made, err);
	if (r == 0)
		r = file_replace_at(made, IMAGE_NAME, id, strlen(id), 0600, err);
	if (r == 0)
		r = file_sync_system(made, err);
	debug_point("whole", "filled");
	return r < 0 ? r : steal_fd(&lock);
}

/* A delta of nothing on the image; instead of one that is there, which gets the name `other` among the images: without an
 * `id`, so that it is none. */
static int stand_on(int images, const char *id, const char *other, int folder, const char *name, bool file, struct err *err)
{
	autofree char *root = str_fmt("%s/" IMAGE_TREE, id), *link = str_fmt("%s/" IMAGE_NAME, id);
	const int where = other ? images : folder;
	autoclose int like = -1, fresh = -1;

	if (!root || !link)
		return err_nomem(err);
	like = file ? -1 : openat(images, root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (like < 0 && !file)
		return err_sys(err, errno, "open image '%s'", id);
	fresh = file ? image_make_blocks(where, other ? other : name, err)
		     : image_make_delta(where, other ? other : name, like, err);
	if (fresh < 0)
		return fresh;
	if (linkat(images, link, fresh, IMAGE_BASE, 0) < 0)
		return err_sys(err, errno, "link image '%s'", id);
	debug_point("whole", "prepared");
	if (other && renameat2(images, other, folder, name, RENAME_EXCHANGE) < 0)
		return err_sys(err, errno, "put image '%s' in place", id);
	debug_point("whole", "exchanged");
	return 0;
}

static int make_whole(const struct store *store, image_fill_fn *fill, void *data, bool file, int folder, const char *name,
		      bool instead, struct err *err)
{
	autoclose int images = image_folder(store, true, err), news = -1, made = -1, lock = -1;
	char id[IMAGE_ID_SIZE], other[IMAGE_ID_SIZE];
	int r = images < 0 ? images : 0;

	if (r == 0)
		r = news = image_new_folder(images, err);
	if (r >= 0)
		r = image_choose_id(id, err);
	if (r == 0)
		r = image_choose_id(other, err);
	if (r == 0)
		r = made = make(news, id, fill, data, file, err);
	if (r >= 0)
		r = lock = image_lock(images, err);
	if (r >= 0 && renameat(made, MADE, images, id) < 0)
		r = err_sys(err, errno, "rename image '%s'", id);
	if (r >= 0)
		r = stand_on(images, id, instead ? other : NULL, folder, name, file, err);
	if (lock >= 0)
		close(steal_fd(&lock));
	if (made >= 0)
		file_remove_tree_at(news, id, NULL);
	image_drop_unused(store);
	return r;
}

int image_whole(const struct store *store, int tree, int folder, const char *name, bool instead, struct err *err)
{
	return make_whole(store, fill_tree, &tree, false, folder, name, instead, err);
}

int image_whole_file(const struct store *store, image_fill_fn *fill, void *data, int folder, const char *name, bool instead,
		     struct err *err)
{
	return make_whole(store, fill, data, true, folder, name, instead, err);
}

int image_adopt(const struct store *store, int folder, const char *name, const char *root, char ret_id[static IMAGE_ID_SIZE],
		struct err *err)
{
	autoclose int images = image_folder(store, true, err), lock = -1, like = -1, image = -1, fresh = -1;
	int r = images < 0 ? images : image_choose_id(ret_id, err);

	if (r == 0)
		r = lock = image_lock(images, err);
	if (r >= 0)
		r = file_remove_tree_at(folder, name, err);
	like = r < 0 || !root ? -1 : openat(folder, root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r == 0 && ((root && like < 0) || mkdirat(images, ret_id, 0700) < 0 ||
		       (image = openat(images, ret_id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0))
		r = err_sys(err, errno, "make image '%s'", ret_id);
	if (r == 0)
		r = file_replace_at(image, IMAGE_NAME, ret_id, strlen(ret_id), 0600, err);
	if (r == 0)
		r = fresh = root ? image_make_delta(folder, name, like, err) : image_make_blocks(folder, name, err);
	if (r >= 0 && linkat(image, IMAGE_NAME, fresh, IMAGE_BASE, 0) < 0)
		r = err_sys(err, errno, "link image '%s'", ret_id);
	return r < 0 ? r : 0;
}
