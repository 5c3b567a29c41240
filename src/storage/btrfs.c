/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A subvolume of btrfs: a folder like any other to whoever mounts it, and copied as a whole without copying anything. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/subvol.h"
#include "storage/internal.h"
#include "storage/qgroup.h"
#include "storage/shift.h"

#define ROOT "rootfs" /* in the container's folder */

static int bound(const struct storage_place *p, int root, uint64_t size, struct err *err)
{
	int r = qgroup_bound(root, size);

	if (r == 0 || !size)
		return 0;
	if (r == -ENOTCONN || r == -EINVAL || r == -ENOENT)
		return err_set(err, EOPNOTSUPP,
			       "nothing bounds a subvolume in '%s': its file system counts none, until "
			       "'btrfs quota enable %s' has it do so",
			       p->store->containers, p->store->containers);
	return err_sys(err, -r, "bound a subvolume in '%s'", p->store->containers);
}

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
	autoclose int root = -1;

	(void)base; /* nothing can be below it */
	if (r < 0)
		return refuse(p, -r, err);
	root = openat(p->folder, ROOT, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0 || fchmod(root, 0755) < 0)
		return err_sys(err, errno, "make the root folder");
	return p->conf->size ? bound(p, root, p->conf->size, err) : 0;
}

/* What is no subvolume, or on another file system, is copied into one. */
static int copy(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	autoclose int root = storage_open_root(from->conf, from->path, true, err);
	int r = root < 0 ? root : shift_settle(from->folder, root, NULL, err);

	if (r < 0)
		return r;
	r = subvol_copy(root, to->folder, ROOT);
	if (r == -EXDEV || r == -EINVAL) {
		r = create(to, NULL, err);
		r = r < 0 ? r : storage_copy_tree(root, to->folder, ROOT, err);
	} else if (r < 0) {
		r = err_sys(err, -r, "take a snapshot of the subvolume '%s'", from->path);
	}
	if (r == 0)
		r = shift_undo(from->folder, root, to->folder, ROOT, err);
	if (r < 0)
		return r;
	*ret_path = str_fmt("btrfs:%s/%s/" ROOT, to->store->containers, to->name);
	return *ret_path ? 0 : err_nomem(err);
}

static int usage(const struct storage_place *p, uint64_t *ret)
{
	autoclose int root = storage_read_root(p, NULL);

	return root < 0 ? -ENODATA : qgroup_taken(root, ret);
}

static int resize(const struct storage_place *p, bool running, uint64_t size, struct err *err)
{
	autoclose int root = storage_read_root(p, err);
	uint64_t used;

	(void)running;
	if (root < 0)
		return root;
	if (size && qgroup_taken(root, &used) == 0 && storage_check_fits(used, size, err) < 0)
		return -err->code;
	return bound(p, root, size, err);
}

/* The bound is what the configuration says, whatever has become of the subvolume meanwhile. */
static int open_bound(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
		      struct err *err)
{
	const uint64_t size = p->conf->size;
	autoclose int root = size ? storage_read_root(p, err) : -1;

	if (size && (root < 0 || bound(p, root, size, err) < 0))
		return -err->code;
	return storage_mount_folder(p, ids, ret, err);
}

const struct storage_backend storage_btrfs = {
	.name = "btrfs",
	.own = ROOT,
	.create = create,
	.copy = copy,
	.fork = copy,
	.fork_live = true,
	.open = open_bound,
	.resize = resize,
	.usage = usage,
};
