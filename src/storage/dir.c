/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plain folder, owned on disk as inside the container; the id map is put on the mount. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sys.h"
#include "storage/internal.h"

static int create(const struct rootfs_conf *conf, const char *path, struct err *err)
{
	(void)conf;
	return mkdir(path, 0755) < 0 ? err_sys(err, errno, "make folder '%s'", path) : 0;
}

/* What is checked is what is mounted. Where others can move the folders above, no symlink is to lead anywhere. */
static int open_root(const struct rootfs_conf *conf, const char *path, bool harmless, struct err *err)
{
	const struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				      .resolve = conf->exposed ? RESOLVE_NO_SYMLINKS : 0 };
	autoclose int dir = sys_openat2(AT_FDCWD, path, &how);

	if (dir < 0)
		return err_sys(err, errno, "open the root folder '%s'", path);
	if (!conf->exposed && !harmless && storage_check_exposed(dir, path, "rootfs.exposed = yes", err) < 0)
		return -err->code;
	return steal_fd(&dir);
}

static int mount_dir(const struct rootfs_conf *conf, const char *path, int userns, struct err *err)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	autoclose int dir = open_root(conf, path, conf->readonly && userns >= 0, err), tree = -1;

	if (dir < 0)
		return dir;
	tree = open_tree(dir, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0)
		return err_sys(err, errno, "open the root folder '%s'", path);
	if (userns >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)userns;
	}
	if (conf->readonly)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return err_sys(err, errno, "%s the root folder '%s'", userns >= 0 ? "map the ids of" : "mount", path);
	return steal_fd(&tree);
}

static int destroy(const struct rootfs_conf *conf, const char *path, struct err *err)
{
	(void)conf;
	return file_remove_tree_at(AT_FDCWD, path, err);
}

const struct storage_backend storage_dir = {
	.name = "dir",
	.create = create,
	.mount = mount_dir,
	.destroy = destroy,
};
