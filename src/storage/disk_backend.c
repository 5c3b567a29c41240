/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container has changed, over the root file system that is on a disk or an image of the user's, which is only read.
 * The container's folder has `disk`, what was found on it, and the delta of an overlay. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "storage/disk.h"
#include "storage/image.h"
#include "storage/internal.h"

/* The delta, as messages call it. */
static char *delta_path(const struct storage_place *p)
{
	return str_fmt("%s/%s/" IMAGE_DELTA, p->store->containers, p->name);
}

/* Its root, mounted: a detached mount. */
static int mount_disk(const struct storage_place *p, struct disk *disk, struct err *err)
{
	int r = mnt_is_old() ? err_set(err, EOPNOTSUPP, "a disk below a container needs Linux 5.19 or later")
			     : disk_load(p->folder, disk, err);

	return r < 0 ? r : disk_mount(disk, p->path, p->name, p->store, err);
}

static int create(const struct storage_place *p, const char *base, struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };
	autoclose int below = mount_disk(p, &disk, err), root = -1, delta = -1;

	(void)base; /* the disk is it */
	if (below < 0)
		return below;
	root = openat(below, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, errno, "open the root folder in '%s'", p->path);
	delta = image_make_delta(p->folder, IMAGE_DELTA, root, err);
	return delta < 0 ? delta : 0;
}

static int map_ids(const struct storage_place *p, const struct disk *disk, int below, int userns, struct err *err)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	int r;

	if (userns >= 0) {
		attr.attr_set = MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)userns;
	}
	r = mnt_set(below, &attr, false);
	if (r == -EINVAL && userns >= 0)
		return err_set(err, EINVAL, "map the ids of '%s': this kernel cannot where the file system is %s%s", p->path,
			       disk->fs, str_eq(disk->fs, "squashfs") ? ": Linux 6.2 or later can" : "");
	return r < 0 ? err_sys(err, -r, "map the ids of '%s'", p->path) : 0;
}

static int open_disk(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
		     struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };
	autoclose int below = mount_disk(p, &disk, err);
	autofree char *path = delta_path(p);
	struct storage_place place = *p;

	if (below < 0)
		return below;
	if (!path)
		return err_nomem(err);
	place.path = path;
	return map_ids(p, &disk, below, ids->userns, err) < 0 ? -err->code : overlay_open(&place, ids, below, ret, err);
}

/* It stands on the same disk. */
static int carry_disk(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };

	if (disk_load(from->folder, &disk, err) < 0 || disk_save(&disk, to->folder, err) < 0)
		return -err->code;
	*ret_path = strdup(from->conf->path);
	return *ret_path ? 0 : err_nomem(err);
}

static int copy(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return overlay_copy(from, to, false, err) < 0 ? -err->code : carry_disk(from, to, ret_path, err);
}

static int fork_disk(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return overlay_fork(from, to, false, err) < 0 ? -err->code : carry_disk(from, to, ret_path, err);
}

const struct storage_backend storage_disk = {
	.name = "disk",
	.own = IMAGE_DELTA,
	.on_disk = true,
	.create = create,
	.open = open_disk,
	.copy = copy,
	.fork = fork_disk,
	.resize = storage_resize_delta,
	.usage = storage_delta_usage,
};
