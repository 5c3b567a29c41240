/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"
#include "base/sys.h"
#include "mount/internal.h"
#include "mount/mount.h"

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* A detached mount of a file system without options. In a user namespace /proc and /sys can be mounted only while another
 * one is fully visible (mount_too_revealing in the kernel's fs/namespace.c): so before the host's tree is gone. */
static int new_mount(const char *type, unsigned attr, struct err *err)
{
	autoclose int fs = fsopen(type, FSOPEN_CLOEXEC);
	int mount = -1;

	if (fs >= 0 && fsconfig(fs, FSCONFIG_SET_STRING, "source", type, 0) == 0 &&
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = fsmount(fs, FSMOUNT_CLOEXEC, attr);
	return mount < 0 ? err_sys(err, errno, "make a mount of %s", type) : mount;
}

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

	if (target < 0)
		return target;
	if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(err, errno, "mount on '%s'", path);
	return 0;
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

int mount_sys_of_host(struct err *err)
{
	struct mount_attr attr = { .attr_set = SAFE | MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
	autoclose int tree = open_tree(AT_FDCWD, "/sys", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return err_sys(err, errno, "share the host's /sys");
	return steal_fd(&tree);
}

int mount_part_from_host(bool privileged, struct err *err)
{
	/* with a user namespace of its own the mount namespace is a slave from birth (mount_namespaces(7)) */
	if (privileged && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(err, errno, "part from the host's mounts");
	return 0;
}

/* Attaches `root` on the folder `on`. */
static int change_root(int root, const char *on, int (*enter)(struct err *err), int sys, struct err *err)
{
	autoclose int proc = new_mount("proc", SAFE, err);
	autoclose int own_sys = sys < 0 && proc >= 0 ? new_mount("sysfs", SAFE | MOUNT_ATTR_RDONLY, err) : -1;
	int r;

	if (proc < 0 || (sys < 0 && own_sys < 0))
		return -err->code;
	if (move_mount(root, "", AT_FDCWD, on, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, errno, "mount the root file system on '%s'", on);
	if (fchdir(root) < 0)
		return err_sys(err, errno, "enter the root file system");
	r = enter(err);
	if (r == 0)
		r = mount_attach(proc, "/proc", err);
	return r < 0 ? r : mount_attach(sys < 0 ? own_sys : sys, "/sys", err);
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
