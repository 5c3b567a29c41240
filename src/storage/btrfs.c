/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A subvolume of btrfs: a folder like any other to whoever mounts it, and copied as a whole without copying anything. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/subvol.h"
#include "storage/internal.h"

#define ROOT "rootfs" /* in the container's folder */

static int refuse(const struct storage_place *p, int code, struct err *err)
{
	if (code == ENOTTY || code == EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP, "the store '%s' is not on btrfs, and has no subvolumes: use another backend",
			       p->store->containers);
	return err_sys(err, code, "make a subvolume for the root folder in '%s'", p->store->containers);
}

static int create(const struct storage_place *p, const char *base, struct err *err)
{
	int r = subvol_make(p->folder, ROOT);

	(void)base; /* nothing can be below it */
	if (r < 0)
		return refuse(p, -r, err);
	return fchmodat(p->folder, ROOT, 0755, 0) < 0 ? err_sys(err, errno, "make the root folder") : 0;
}

/* What is no subvolume, or on another file system, is copied into one. */
static int copy(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	autoclose int root = storage_open_root(from->conf, from->path, true, err);
	int r = root < 0 ? root : subvol_copy(root, to->folder, ROOT);

	if (root < 0)
		return root;
	if (r == -EXDEV || r == -EINVAL) {
		r = create(to, NULL, err);
		r = r < 0 ? r : storage_copy_tree(root, to->folder, ROOT, err);
	} else if (r < 0) {
		r = err_sys(err, -r, "take a snapshot of the subvolume '%s'", from->path);
	}
	if (r < 0)
		return r;
	*ret_path = str_fmt("btrfs:%s/%s/" ROOT, to->store->containers, to->name);
	return *ret_path ? 0 : err_nomem(err);
}

const struct storage_backend storage_btrfs = {
	.name = "btrfs",
	.own = ROOT,
	.create = create,
	.copy = copy,
	.fork = copy,
	.open = storage_mount_folder,
};
