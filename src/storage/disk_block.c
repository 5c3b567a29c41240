/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A root file system that is written to block by block: what is written goes into a delta of the container's own, and what
 * is below stays as it is: a qcow2 disk of the user's, which the file `disk` tells of, or images (storage/image.h), the last
 * of which is a file system that a container had in a file. The container's folder has delta/blocks, and delta/base, when it
 * stands on an image. Each container has a server of its own. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mnt.h"
#include "storage/block.h"
#include "storage/disk_internal.h"
#include "storage/fs.h"
#include "storage/internal.h"

#define END_TIME (5 * CLOCK_SECOND)

/* What mends it by hand, in `ret`: "A damaged file system" in mgr-qcow2(1). */
static void add_way(const struct storage_place *p, const struct disk *disk, const struct block_below *below,
		    const char *blocks, const struct fs *fs, struct str *ret)
{
	autofree char *images = image_path(p->store, ""); /* with a slash at its end */

	if (below->from.n && images)
		str_addf(ret, " --backing-from %.*s", (int)strlen(images) - 1, images);
	if (below->top && block_has_disk(p))
		str_addf(ret, " --backing-from %s", below->from.v[below->from.n - 1]);
	if (disk->from)
		str_addf(ret, " --backing-from %s", disk->from);
	str_addf(ret, "%s --delta %s %s MNT, %s MNT/disk", below->raw ? " --raw" : "", blocks,
		 below->top ? below->top : p->path, fs->mend);
	if (disk->offset)
		str_addf(ret, "?offset=%ju", (uintmax_t)disk->offset);
	str_add(ret, ", umount MNT");
}

static int explain_damage(const struct storage_place *p, const struct disk *disk, const struct block_below *below,
			  const char *blocks, const struct fs *fs, struct err *err)
{
	autocall(str_done) struct str way = { 0 };

	add_way(p, disk, below, blocks, fs, &way);
	return err_set(err, EUCLEAN,
		       "its file system is damaged, and not mended without a word of yours (mgr-qcow2(1), A DAMAGED FILE "
		       "SYSTEM): mgr-qcow2%s",
		       str_text(&way));
}

/* shrink: its file system is to be as small as the configuration says. */
static int mount_block(const struct storage_place *p, bool shrink, struct disk *disk, struct disk_service *service,
		       struct err *err)
{
	autocall(block_below_done) struct block_below below = { 0 };
	autofree char *blocks = block_path(p->folder);

	if (!blocks)
		return err_nomem(err);
	if (block_find_below(p, disk, &below, err) < 0 || block_check_size(p, disk, err) < 0)
		return -err->code;
	*service = (struct disk_service){ .delta = blocks,
					  .uuid = p->uuid,
					  .top = below.top,
					  .raw = below.raw,
					  .from = &below.from,
					  .size = p->conf->size,
					  .shrink = shrink,
					  .lost = storage_had_loss(p),
					  .options = &p->conf->options,
					  .note = p->note,
					  .use = -1,
					  .served = -1 };
	int tree = disk_mount_served(disk, p->path, p->store, service, err);
	if (tree >= 0 && service->length)
		block_keep_size(p, disk->length ? disk->fs : service->fs->name, service->length);
	*service = (struct disk_service){
		.fs = service->fs, .use = service->use, .served = service->served, .server = service->server
	};
	return tree == -EUCLEAN && service->fs ? explain_damage(p, disk, &below, blocks, service->fs, err) : tree;
}

/* What was not unmounted is recovered now, and not by the first start. */
static int create(const struct storage_place *p, const char *base, struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };
	struct disk_service service;
	autoclose int delta = image_make_blocks(p->folder, IMAGE_DELTA, err), tree = -1;

	(void)base; /* the disk is it */
	if (delta < 0)
		return delta;
	tree = mount_block(p, false, &disk, &service, err);
	if (tree == -EUCLEAN && service.fs) /* and what has been begun goes */
		return err_set(err, EUCLEAN,
			       "the file system in '%s' is damaged: mend a copy, and make the container of that: mgr-qcow2 "
			       "--convert %s FILE, %s FILE%s%.0ju, --image FILE",
			       p->path, p->path, service.fs->mend, disk.offset ? "?offset=" : "", (uintmax_t)disk.offset);
	return tree < 0 ? tree : 0;
}

static int open_block(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
		      struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	struct disk_service service = { .use = -1, .served = -1 };
	autoclose int tree = mount_block(p, false, &disk, &service, err), use = service.use, served = service.served;
	int r = tree < 0 ? tree : disk_map_ids(p, &disk, tree, ids->userns, err);

	if (r == 0 && p->conf->readonly && (r = mnt_set(tree, &readonly, false)) < 0)
		err_sys(err, -r, "make the root read-only");
	if (r < 0)
		return r;
	*ret = (struct storage_mount){ .tree = steal_fd(&tree),
				       .use = steal_fd(&use),
				       .served = steal_fd(&served),
				       .own = true,
				       .server = service.server };
	return 0;
}

static int close_block(const char *name, const char *object, uint64_t deadline, struct err *err)
{
	(void)name;
	return disk_release(object, true, deadline, err);
}

/* --- its size -----------------------------------------------------------------------------------------------------------
 */

static int fit(const struct storage_place *p, struct err *err)
{
	autofree char *run = str_fmt("%s/" DISK_RUN "/%s", p->store->manager_run, p->uuid);
	autocall(disk_done) struct disk disk = { 0 };
	struct disk_service service;
	autoclose int tree = run ? mount_block(p, true, &disk, &service, err) : err_nomem(err);

	if (tree < 0)
		return tree;
	close(steal_fd(&tree));
	return disk_release(run, true, clock_in(END_TIME), err) != 0 ? -err->code : 0;
}

/* What a delta is too small for, another one on it is not. */
static int resize(const struct storage_place *p, bool running, uint64_t size, struct err *err)
{
	char id[IMAGE_ID_SIZE];
	int r;

	if (running)
		return err_set(err, EBUSY, "it is mounted: stop the container to change its size");
	if (!size)
		return block_has_disk(p) ? 0 : err_set(err, EINVAL, "a file system in a file has a size: set another one");
	r = fit(p, err);
	if (r != -EFBIG)
		return r;
	err_clear(err);
	r = block_freeze(p, id, err);
	return r < 0 ? r : fit(p, err);
}

/* Whether mgr was built with it. */
static int check(const struct store *store, struct err *err)
{
	(void)store;
	return disk_check_server(err);
}

const struct storage_backend storage_block = {
	.name = "block",
	.own = IMAGE_DELTA,
	.on_disk = true,
	.apart = true,
	.shares = true,
	.check = check,
	.create = create,
	.open = open_block,
	.close = close_block,
	.copy = block_copy,
	.fork = block_fork,
	.fork_live = true,
	.take = block_take,
	.resize = resize,
};
