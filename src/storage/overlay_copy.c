/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deltas: new ones, and what copies of them share. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "storage/image.h"
#include "storage/internal.h"

#define DEPTH_MOST 48 /* images that one stands on, before it gets a whole one */

/* What the root folder is, the upper one says. */
static int make_delta(const struct storage_place *p, const char *base, int root, struct err *err)
{
	autoclose int delta = image_make_delta(p->folder, IMAGE_DELTA, root, err);

	if (delta < 0 || image_link(p->store, base, delta, IMAGE_BASE, err) == 0)
		return delta < 0 ? delta : 0;
	file_remove_tree_at(p->folder, IMAGE_DELTA, NULL);
	return -err->code;
}

static int open_tree_of(int folder, const char *path, struct err *err)
{
	int tree = openat(folder, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return tree < 0 ? err_sys(err, errno, "open '%s'", path) : tree;
}

int overlay_create(const struct storage_place *p, const char *base, struct err *err)
{
	autoclose int image = -1, root = -1;

	if (!base)
		return err_set(err, EOPNOTSUPP, "an overlay stands on a base, and there is none here");
	image = image_open(p->store, base, err);
	root = image < 0 ? image : open_tree_of(image, IMAGE_TREE, err);
	return root < 0 ? root : make_delta(p, base, root, err);
}

static int tell_path(const struct storage_place *to, char **ret_path, struct err *err)
{
	*ret_path = str_fmt("overlay:%s/%s/" IMAGE_DELTA, to->store->containers, to->name);
	return *ret_path ? 0 : err_nomem(err);
}

/* From then on it stands on an image of all that it has. */
static int make_whole(const struct storage_place *from, struct err *err)
{
	const struct rootfs_conf all = { .path = from->conf->path };
	const struct storage_ids ids = { .userns = -1 };
	struct storage_mount root = { .tree = -1 };
	struct storage_place place = *from;
	int r;

	place.conf = &all;
	r = overlay_open(&place, &ids, -1, &root, err);
	if (r < 0)
		return r;
	r = image_whole(from->store, root.tree, from->folder, IMAGE_DELTA, true, err);
	close(root.tree);
	return r;
}

/* Would there be one image too many? A whole one would not hide what the disk below has. */
static int is_too_deep(const struct storage_place *p, bool on_image, struct err *err)
{
	int depth = image_is_changed(p->folder, IMAGE_DELTA, err);

	if (depth > 0)
		depth = image_depth(p->store, p->folder, IMAGE_DELTA, err);
	if (depth < DEPTH_MOST)
		return depth < 0 ? depth : 0;
	return on_image ? 1
			: err_set(err, ELOOP, "'%s' stands on %d images over its disk, and more cannot be", p->path, depth);
}

/* What it has changed is frozen, unless that is nothing: over a disk it stands on no image then. */
int overlay_fork(const struct storage_place *from, const struct storage_place *to, bool on_image, struct err *err)
{
	autoclose int root = -1, made = -1;
	char id[IMAGE_ID_SIZE];
	int frozen, r = is_too_deep(from, on_image, err);

	if (r > 0)
		r = make_whole(from, err);
	if (r < 0)
		return r;
	r = frozen = image_freeze(from->store, from->folder, IMAGE_DELTA, id, err);
	if (r == -ENOENT && !on_image) {
		err_clear(err);
		r = 0;
	}
	if (r == 0)
		r = root = open_tree_of(from->folder, IMAGE_DELTA "/" IMAGE_TREE, err);
	if (r >= 0 && frozen == 0)
		return make_delta(to, id, root, err);
	if (r >= 0)
		r = made = image_make_delta(to->folder, IMAGE_DELTA, root, err);
	return r < 0 ? r : 0;
}

int overlay_fork_op(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return overlay_fork(from, to, true, err) < 0 ? -err->code : tell_path(to, ret_path, err);
}

/* What it has changed is copied, what it stands on is there once. */
int overlay_copy(const struct storage_place *from, const struct storage_place *to, bool on_image, struct err *err)
{
	autoclose int delta = open_tree_of(from->folder, IMAGE_DELTA, err), root = -1, made = -1;
	char id[IMAGE_ID_SIZE];
	const int based = delta < 0 ? delta : image_read(delta, IMAGE_BASE, id, err);
	int r = based;

	if (r == 0 && on_image)
		return err_set(err, ENOENT, "'%s' does not say what it stands on", from->path);
	if (r >= 0)
		r = root = open_tree_of(delta, IMAGE_TREE, err);
	if (r >= 0)
		r = made = image_make_delta(to->folder, IMAGE_DELTA, -1, err);
	if (r >= 0 && based > 0)
		r = image_link(to->store, id, made, IMAGE_BASE, err);
	return r < 0 ? r : storage_copy_tree(root, made, IMAGE_TREE, err);
}

int overlay_copy_op(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return overlay_copy(from, to, true, err) < 0 ? -err->code : tell_path(to, ret_path, err);
}
