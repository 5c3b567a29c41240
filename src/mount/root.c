/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "mount/internal.h"
#include "mount/mount.h"

#define SAFE       (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define SECURITYFS "/sys/kernel/security"
#define SECURITYFS "/sys/kernel/security"

int mount_target(const char *path, struct err *err)
{
	int fd = path_open_in_root(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);

	if (fd == -ENOENT)
		return path_mkdirs_in_root(AT_FDCWD, path, 0755, err);
	if (fd == -ENOTDIR)
		return err_set(err, ENOTDIR, "mount point '%s' is no folder", path);
	return fd < 0 ? err_sys(err, -fd, "open the mount point '%s'", path) : fd;
}

int mount_attach(int mount, const char *path, struct err *err)
{
	autoclose int target = mount_target(path, err);
	int r;

	if (target < 0)
		return target;
	r = mnt_move(mount, target);
	return r < 0 ? err_sys(err, -r, "mount on '%s'", path) : 0;
}

/* To the working folder, a mount. pivot_root(2): with both arguments "." the old root is left on top of the new one, and the
 * unmount takes it away. */
static int pivot(struct err *err)
{
	if (sys_pivot_root(".", ".") < 0)
		return err_sys(err, errno, "pivot to the root file system");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(err, errno, "unmount the host's root");
	return chdir("/") < 0 ? err_sys(err, errno, "enter the root folder") : 0;
}

/* Without what is mounted below. */
static int copy_of_host(const char *path, uint64_t flags, struct err *err)
{
	const struct mount_attr attr = { .attr_set = flags, .propagation = MS_PRIVATE };
	autoclose int place = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), tree = -1;
	int r = tree = place < 0 ? -errno : mnt_copy(place, false);

	if (r >= 0)
		r = mnt_set(tree, &attr, false);
	return r < 0 ? err_sys(err, -r, "share the host's %s", path) : steal_fd(&tree);
}

int mount_sys_of_host(struct err *err)
{
	int tree = copy_of_host("/sys", SAFE | MOUNT_ATTR_RDONLY, err);

	if (tree == -EINVAL && mnt_is_old()) /* what lies below it cannot be left out in a lesser user namespace */
		return err_set(err, EOPNOTSUPP,
			       "net.N.type = host: Linux 5.12 or later is needed for it, or container.idmap = none");
	return tree;
}

int mount_securityfs_of_host(struct err *err)
{
	return copy_of_host(SECURITYFS, SAFE, err);
}

int mount_securityfs(int tree, struct err *err)
{
	return mount_attach(tree, SECURITYFS, err);
}

int mount_part_from_host(bool privileged, struct err *err)
{
	/* with a user namespace of its own the mount namespace is a slave from birth (mount_namespaces(7)) */
	if (privileged && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(err, errno, "part from the host's mounts");
	return 0;
}

/* In a user namespace /proc and /sys can be mounted only while another one is fully visible (mount_too_revealing in the
 * kernel's fs/namespace.c): so before the host's tree is gone. */
static int attach_new(const char *type, const char *path, unsigned attr, struct err *err)
{
	autoclose int mount = -1;

	if (mnt_is_old())                                     /* there is no stage here */
		return mount_on(type, path, attr, NULL, err); /* the flags have the same numbers */
	mount = mnt_new(type, type, NULL, attr, err);
	return mount < 0 ? err_wrap(err, "make a mount of %s", type) : mount_attach(mount, path, err);
}

/* Attaches `root` on the folder `on`. */
static int change_root(int root, const char *on, int (*enter)(struct err *err), int sys, struct err *err)
{
	autoclose int place = open(on, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = place < 0 ? -errno : mnt_move(root, place);

	if (r < 0)
		return err_sys(err, -r, "mount the root file system on '%s'", on);
	if (fchdir(root) < 0)
		return err_sys(err, errno, "enter the root file system");
	r = attach_new("proc", "/proc", SAFE, err);
	if (r == 0)
		r = sys < 0 ? attach_new("sysfs", "/sys", SAFE | MOUNT_ATTR_RDONLY, err) : mount_attach(sys, "/sys", err);
	return r < 0 ? r : enter(err);
}

int mount_enter_root(int root, int sys, struct err *err)
{
	return change_root(root, "/", pivot, sys, err);
}

static int enter_here(struct err *err)
{
	return chroot(".") < 0 ? err_sys(err, errno, "enter the root file system") : 0;
}

int mount_enter_below(int root, int sys, const char *below, int *ret_host, struct err *err)
{
	autoclose int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = host < 0 ? err_sys(err, errno, "open '/'") : change_root(root, below, enter_here, sys, err);

	if (r == 0)
		*ret_host = steal_fd(&host);
	return r;
}

int mount_see_host(int host, struct err *err)
{
	if (fchdir(host) < 0 || chroot(".") < 0)
		return err_sys(err, errno, "go back to the host's files");
	return 0;
}

int mount_leave_host(const char *below, struct err *err)
{
	return chdir(below) < 0 ? err_sys(err, errno, "enter '%s'", below) : pivot(err);
}
