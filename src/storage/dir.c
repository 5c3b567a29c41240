/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plain folder, owned on disk as inside the container; the id map is put on the mount. */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "base/sys.h"
#include "storage/image.h"
#include "storage/internal.h"
#include "storage/shift.h"

#define ROOT "rootfs" /* in the container's folder, unless it is a folder of the host's */

static int create(const struct storage_place *p, const char *base, struct err *err)
{
	autoclose int root = -1;

	(void)base; /* nothing can be below a folder */
	if (mkdirat(p->folder, ROOT, 0755) < 0 || fchmodat(p->folder, ROOT, 0755, 0) < 0)
		return err_sys(err, errno, "make the root folder '%s'", p->path);
	if (!p->conf->size)
		return 0;
	root = openat(p->folder, ROOT, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return root < 0 ? err_sys(err, errno, "open the root folder '%s'", p->path)
			: storage_bound_folders(&root, 1, p->store->containers, false, p->conf->size, err);
}

/* What is checked is what is mounted. Where others can move the folders above, no symlink is to lead anywhere. */
int storage_open_root(const struct rootfs_conf *conf, const char *path, bool harmless, struct err *err)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				      .resolve = conf->exposed ? RESOLVE_NO_SYMLINKS : 0 };
	autoclose int dir = sys_openat2(AT_FDCWD, path, &how);

	if (dir < 0)
		return err_sys(err, errno, "open the root folder '%s'", path);
	int r = conf->exposed || harmless ? 0 : storage_check_exposed(dir, path, "rootfs.exposed = yes", err);
	return r < 0 ? r : steal_fd(&dir);
}

int storage_read_root(const struct storage_place *p, struct err *err)
{
	autoclose int root = storage_open_root(p->conf, p->path, true, err);
	int fd = root < 0 ? root : openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 && root >= 0 ? err_sys(err, errno, "open the root folder '%s'", p->path) : fd;
}

/* Are its files those of the container's ids on the host, as LXC keeps them? Root's has made the user namespace (ns/ns.h).
 */
static bool has_shifted_ids(int dir, const struct storage_ids *ids)
{
	struct stat st;
	uid_t root;

	if (fstat(dir, &st) < 0)
		return false;
	return shift_is_outside(ids, false, st.st_uid) ||
	       (ioctl(ids->userns, NS_GET_OWNER_UID, &root) == 0 && root != 0 && st.st_uid == root);
}

/* In the container's folder, and not a folder of the host's. */
static bool is_own(const struct storage_place *p, int dir)
{
	struct stat folder, above;

	return p->folder >= 0 && fstat(p->folder, &folder) == 0 && fstatat(dir, "..", &above, 0) == 0 &&
	       folder.st_ino == above.st_ino && folder.st_dev == above.st_dev;
}

static int refuse(const char *path, int code, bool mapped, struct err *err)
{
	if (!mapped)
		return err_sys(err, code, "mount the root folder '%s'", path);
	if (code == EOPNOTSUPP && mnt_is_old())
		return err_set(
			err, code,
			"map the ids of the root folder '%s': Linux 5.12 or later is needed for it; without, a container "
			"starts with container.idmap = none, or from files that have its ids on disk",
			path);
	if (code == EINVAL)
		return err_set(
			err, code,
			"map the ids of the root folder '%s': its file system cannot: put it on ext4, xfs, btrfs or, from "
			"Linux 6.3 on, a tmpfs; without, a container starts with container.idmap = none, or from files "
			"that have its ids on disk",
			path);
	return err_sys(err, code, "map the ids of the root folder '%s'", path);
}

/* Where ids cannot be mapped, those of a root of our own are changed. */
static int set_mount(const struct storage_place *p, int dir, int tree, const struct storage_ids *ids, struct err *err)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	const bool mapped = ids->userns >= 0 && !has_shifted_ids(dir, ids);
	int r;

	if (mapped) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)ids->userns;
	}
	if (p->conf->readonly)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	r = mnt_set(tree, &attr, false);
	if (mapped && (r == -EINVAL || r == -EOPNOTSUPP) && ids->map.n && is_own(p, dir)) {
		if (shift_out(p->folder, dir, ids, err) < 0)
			return -err->code;
		attr.attr_set &= ~(uint64_t)MOUNT_ATTR_IDMAP;
		attr.userns_fd = 0;
		r = mnt_set(tree, &attr, false);
	}
	return r < 0 ? refuse(p->path, -r, attr.attr_set & MOUNT_ATTR_IDMAP, err) : 0;
}

int storage_mount_folder(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
			 struct err *err)
{
	autoclose int dir = storage_open_root(p->conf, p->path, p->conf->readonly && ids->userns >= 0, err), tree = -1;
	int r = dir < 0 ? dir : 0;

	if (r == 0 && p->folder >= 0)
		r = shift_settle(p->folder, dir, ids->userns >= 0 ? &ids->map : NULL, err);
	if (r < 0)
		return r;
	if (mnt_lacks_stage() && ids->userns < 0 && !p->conf->readonly) { /* who reads and writes files can do without */
		*ret = (struct storage_mount){ .tree = steal_fd(&dir), .use = -1, .served = -1 };
		return 0;
	}
	tree = mnt_copy(dir, false);
	if (tree < 0)
		return refuse(p->path, -tree, false, err);
	r = set_mount(p, dir, tree, ids, err);
	if (r == 0)
		*ret = (struct storage_mount){ .tree = steal_fd(&tree), .use = -1, .served = -1 };
	return r;
}

/* With the ids that it has inside. */
static int copy(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	autoclose int dir = storage_open_root(from->conf, from->path, true, err);
	int r = dir < 0 ? dir : shift_settle(from->folder, dir, NULL, err);

	if (r == 0 && to->conf->size) /* what comes into it is counted from the start */
		r = create(to, NULL, err);
	if (r == 0)
		r = storage_copy_tree(dir, to->folder, ROOT, err);
	if (r == 0)
		r = shift_undo(from->folder, dir, to->folder, ROOT, err);
	if (r < 0)
		return r;
	*ret_path = str_fmt("dir:%s/%s/" ROOT, to->store->containers, to->name);
	return *ret_path ? 0 : err_nomem(err);
}

static int open_dir(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret, struct err *err)
{
	const uint64_t size = p->conf->size;
	autoclose int root = size ? storage_read_root(p, err) : -1;

	if (size && (root < 0 || storage_bound_folders(&root, 1, p->path, false, size, err) < 0))
		return -err->code;
	return storage_mount_folder(p, ids, ret, err);
}

const struct storage_backend storage_dir = {
	.name = "dir",
	.thin = { .as = "overlay", .part = IMAGE_TREE },
	.own = ROOT,
	.create = create,
	.copy = copy,
	.open = open_dir,
	.resize = storage_resize_folder,
	.usage = storage_folder_usage,
};
