/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container has changed, over the root file system that is on a disk or an image of the user's, which is only read.
 * The container's folder has `disk`, what was found on it, and the delta of an overlay; no delta where the file system is
 * written in place. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mnt.h"
#include "storage/disk_internal.h"
#include "storage/fs.h"
#include "storage/image.h"
#include "storage/internal.h"
#include "storage/loopdev.h"

#define QCOW2   "qcow2"
#define GO_TIME (5 * CLOCK_SECOND) /* for another's device that is about to go */

/* The delta, as messages call it. */
static char *delta_path(const struct storage_place *p)
{
	return str_fmt("%s/%s/" IMAGE_DELTA, p->store->containers, p->name);
}

int disk_map_ids(const struct storage_place *p, const struct disk *disk, int tree, int userns, struct err *err)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	int r;

	if (userns >= 0) {
		attr.attr_set = MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)userns;
	}
	r = mnt_set(tree, &attr, false);
	if (r == -EINVAL && userns >= 0)
		return err_set(err, EINVAL, "map the ids of '%s': this kernel cannot where the file system is %s%s", p->path,
			       disk->fs,
			       str_eq(disk->fs, "squashfs") ? ": Linux 6.2 or later can"
							    : ": copy its files, mgr-copy -B dir, or have "
							      "container.idmap = none");
	return r < 0 ? err_sys(err, -r, "map the ids of '%s'", p->path) : 0;
}

/* --- in place -----------------------------------------------------------------------------------------------------------
 */

/* A device of its part of the disk, its file system in order; the device's number in *ret_n. */
static int open_device(const struct storage_place *p, const struct disk *disk, const struct fs **ret_fs, unsigned *ret_n,
		       struct err *err)
{
	const struct loopdev what = { .path = p->path, .name = p->name, .offset = disk->offset, .length = disk->length };
	autoclose int file = loopdev_lock(&what, clock_in(GO_TIME), err), device = -1;
	const bool lost = storage_had_loss(p);

	if (file < 0 || (p->note && p->note->fn(p->note->data, p->path, err) < 0))
		return -err->code;
	device = loopdev_attach(&what, file, ret_n, err);
	if (device < 0)
		return device;
	if (fs_probe(device, ret_fs, err) < 0)
		return err_set(err, EOPNOTSUPP,
			       "'%s' holds %s, which cannot be written in place: without --in-place it is below a container",
			       p->path, disk->fs);
	if (fs_check_room(*ret_fs, device, file, lost, p->path, err) < 0 ||
	    fs_check(*ret_fs, device, p->path, lost, err) < 0)
		return -err->code;
	return steal_fd(&device);
}

static int open_in_place(const struct storage_place *p, const struct disk *disk, const struct storage_ids *ids,
			 struct storage_mount *ret, struct err *err)
{
	const struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	const struct fs *fs = NULL;
	unsigned n;
	autoclose int device = open_device(p, disk, &fs, &n, err), tree = -1;
	int r = device;

	if (r >= 0)
		r = tree = fs_mount(fs, n, &p->conf->options, err);
	if (r == -EUCLEAN && fs)
		return fs_say_damaged(fs, p->path, disk->offset, err);
	if (r >= 0)
		r = disk_map_ids(p, disk, tree, ids->userns, err);
	if (r >= 0 && p->conf->readonly && (r = mnt_set(tree, &readonly, false)) < 0)
		err_sys(err, -r, "make '%s' read-only", p->path);
	if (r < 0)
		return r;
	*ret = (struct storage_mount){ .tree = steal_fd(&tree), .use = -1, .served = -1, .own = true };
	return 0;
}

/* --- below a delta ------------------------------------------------------------------------------------------------------
 */

/* Its root, mounted: a detached mount. */
static int mount_below(const struct storage_place *p, const struct disk *disk, struct disk_service *service, struct err *err)
{
	*service = (struct disk_service){ .note = p->note, .use = -1, .served = -1 };
	if (mnt_is_old())
		return err_set(err, EOPNOTSUPP, "a disk below a container needs Linux 5.19 or later");
	return str_starts(p->conf->path, QCOW2 ":") ? disk_mount_served(disk, p->path, p->store, service, err)
						    : disk_mount(disk, p->path, p->name, p->store, err);
}

static int make_delta(const struct storage_place *p, const struct disk *disk, struct err *err)
{
	struct disk_service service;
	autoclose int below = mount_below(p, disk, &service, err), root = -1, delta = -1;

	if (below < 0)
		return below;
	root = openat(below, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "open the root folder in '%s'", p->path);
	delta = image_make_delta(p->folder, IMAGE_DELTA, root, err);
	return delta < 0 ? delta : 0;
}

static int open_delta(const struct storage_place *p, const struct disk *disk, const struct storage_ids *ids,
		      struct storage_mount *ret, struct err *err)
{
	struct disk_service service;
	autoclose int below = mount_below(p, disk, &service, err), use = service.use, served = service.served;
	autofree char *path = delta_path(p);
	struct storage_place place = *p;

	if (below < 0)
		return below;
	if (!path)
		return err_nomem(err);
	place.path = path;
	if (disk_map_ids(p, disk, below, ids->userns, err) < 0 || overlay_open(&place, ids, below, ret, err) < 0)
		return -err->code;
	ret->use = steal_fd(&use);
	ret->served = steal_fd(&served);
	ret->server = service.server;
	return 0;
}

/* --- the ops ------------------------------------------------------------------------------------------------------------
 */

static int create(const struct storage_place *p, const char *base, struct err *err)
{
	const struct storage_ids as_on_disk = { .userns = -1 };
	autocall(disk_done) struct disk disk = { 0 };
	struct storage_mount once;

	(void)base; /* the disk is it */
	if (disk_load(p->folder, &disk, err) < 0)
		return -err->code;
	if (!disk.in_place)
		return make_delta(p, &disk, err);
	if (open_in_place(p, &disk, &as_on_disk, &once, err) < 0)
		return -err->code;
	close(once.tree);
	return 0;
}

static int open_disk(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
		     struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };

	if (disk_load(p->folder, &disk, err) < 0)
		return -err->code;
	return disk.in_place ? open_in_place(p, &disk, ids, ret, err) : open_delta(p, &disk, ids, ret, err);
}

static int close_disk(const char *name, const char *object, uint64_t deadline, struct err *err)
{
	const struct loopdev what = { .path = object, .name = name };

	return loopdev_await_end(&what, deadline, err);
}

static int close_served(const char *name, const char *object, uint64_t deadline, struct err *err)
{
	(void)name;
	return disk_release(object, false, deadline, err);
}

/* What changes in place is not there twice. */
static int check_delta(const struct storage_place *p, struct disk *ret, struct err *err)
{
	if (disk_load(p->folder, ret, err) < 0)
		return -err->code;
	return ret->in_place ? err_set(err, EOPNOTSUPP,
				       "'%s' is written in place, and is not mgr's to copy: copy the file, and make another "
				       "container of that",
				       p->path)
			     : 0;
}

/* Another one stands on the same disk. */
static int duplicate(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err,
		     int (*how)(const struct storage_place *from, const struct storage_place *to, bool on_image,
				struct err *err))
{
	autocall(disk_done) struct disk disk = { 0 };

	if (check_delta(from, &disk, err) < 0 || how(from, to, false, err) < 0 || disk_save(&disk, to->folder, err) < 0)
		return -err->code;
	*ret_path = strdup(from->conf->path);
	return *ret_path ? 0 : err_nomem(err);
}

static int copy(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return duplicate(from, to, ret_path, err, overlay_copy);
}

static int fork_disk(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return duplicate(from, to, ret_path, err, overlay_fork);
}

static int resize(const struct storage_place *p, bool running, uint64_t size, struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };

	if (disk_load(p->folder, &disk, err) < 0)
		return -err->code;
	if (disk.in_place)
		return size ? err_set(err, EOPNOTSUPP, "'%s' is written in place, and stays as large as it is", p->path) : 0;
	return storage_resize_delta(p, running, size, err);
}

const struct storage_backend storage_disk = {
	.name = "disk",
	.own = IMAGE_DELTA,
	.on_disk = true,
	.create = create,
	.open = open_disk,
	.close = close_disk,
	.copy = copy,
	.fork = fork_disk,
	.resize = resize,
	.take = disk_take,
	.usage = storage_delta_usage,
};

const struct storage_backend storage_qcow2 = {
	.name = QCOW2,
	.own = IMAGE_DELTA,
	.on_disk = true,
	.create = create,
	.open = open_disk,
	.close = close_served,
	.copy = copy,
	.fork = fork_disk,
	.resize = resize,
	.take = disk_take_served,
	.usage = storage_delta_usage,
};
