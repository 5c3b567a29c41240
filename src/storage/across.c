/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From one backend to another: every file is copied. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "storage/image.h"
#include "storage/internal.h"
#include "storage/loop_image.h"

static const struct storage_ids as_on_disk = { .userns = -1 };

static int open_from(const struct storage_backend *backend, const struct storage_place *from, struct err *err)
{
	const struct rootfs_conf whole = { .path = from->conf->path, .readonly = true };
	struct storage_mount root = { .tree = -1 };
	struct storage_place place = *from;
	int r;

	place.conf = &whole;
	r = backend->open(&place, &as_on_disk, &root, err);
	return r < 0 ? r : root.tree;
}

static int fill(const struct storage_backend *backend, const struct storage_place *to, int tree, struct err *err)
{
	autofree char *path = str_fmt("/proc/self/fd/%d/%s", to->folder, backend->own);
	struct storage_mount root = { .tree = -1 };
	struct storage_place place = *to;
	int r = path ? backend->create(to, NULL, err) : err_nomem(err);

	place.path = path;
	if (r == 0)
		r = backend->open(&place, &as_on_disk, &root, err);
	if (r < 0)
		return r;
	r = storage_copy_tree(tree, root.tree, ".", err);
	if (r == 0)
		r = storage_sync(&root, to->folder, err);
	close(root.tree);
	return r;
}

static int copy_file(int image, void *from, struct err *err)
{
	return storage_copy_file(*(int *)from, image, IMAGE_FILE, err);
}

/* All of a file system in a file becomes an image of its own, with blocks over it. */
static int stand_on_file(const struct storage_place *from, const struct storage_place *to, struct err *err)
{
	autocall(loop_image_done) struct loop_image i = { .file = -1 };
	int r = loop_image_lock(&i, from, true, err);

	return r < 0 ? r : image_whole_file(to->store, copy_file, &i.file, to->folder, IMAGE_DELTA, false, err);
}

int storage_across(const struct storage_backend *was, const struct storage_place *from, const struct storage_backend *is,
		   const struct storage_place *to, char **ret_path, struct err *err)
{
	autofree char *path = str_fmt("%s:%s/%s/%s", is->name, to->store->containers, to->name, is->own);
	struct rootfs_conf conf = *to->conf;
	struct storage_place place = *to;
	autoclose int tree = -1;
	int r;

	if (!path)
		return err_nomem(err);
	if (is->on_disk) {
		r = is == &storage_block && was == &storage_loop
			    ? stand_on_file(from, to, err)
			    : err_set(err, EOPNOTSUPP, "backend %s: it is what a container of a disk has", is->name);
		if (r == 0)
			*ret_path = steal_ptr(&path);
		return r;
	}
	conf.path = path;
	conf.readonly = false;
	place.conf = &conf;
	r = tree = open_from(was, from, err);
	if (r >= 0)
		r = is->on_base ? image_whole(to->store, tree, to->folder, is->own, false, err)
				: fill(is, &place, tree, err);
	if (r == 0)
		*ret_path = steal_ptr(&path);
	return r;
}
