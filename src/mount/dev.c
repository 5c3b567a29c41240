/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "base/str.h"
#include "mount/mount.h"

static const struct {
	const char *name;
	unsigned minor, major;
} nodes[] = {
	{ "null", 3, 1 }, { "zero", 5, 1 }, { "full", 7, 1 }, { "random", 8, 1 }, { "urandom", 9, 1 }, { "tty", 0, 5 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "core", "/proc/kcore" },      { "ptmx", "pts/ptmx" },
};

static const struct {
	const char *name;
	mode_t mode;
} folders[] = { { "pts", 0755 }, { "shm", 0755 }, { "mqueue", 0755 } };

static int fill(int dev, uid_t uid, gid_t gid)
{
	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++)
		if (mknodat(dev, nodes[i].name, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) < 0 ||
		    fchmodat(dev, nodes[i].name, 0666, 0) < 0 ||
		    fchownat(dev, nodes[i].name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0 ||
		    fchownat(dev, links[i].name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdirat(dev, folders[i].name, folders[i].mode) < 0 ||
		    fchownat(dev, folders[i].name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
	/* what the console's pty is mounted on */
	if (mknodat(dev, "console", S_IFREG | 0600, 0) < 0 || fchownat(dev, "console", uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

int mount_dev_new(uid_t uid, gid_t gid, struct err *err)
{
	char options[64];
	autoclose int dev = -1;
	int r;

	str_print(options, sizeof options, "mode=0755,size=4m,uid=%u,gid=%u", uid, gid);
	dev = mnt_new("tmpfs", "mgr-dev", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	if (dev < 0)
		return err_wrap(err, "make a tmpfs for /dev");
	r = fill(dev, uid, gid);
	return r < 0 ? err_sys(err, -r, "make device nodes for /dev") : steal_fd(&dev);
}
