/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/str.h"
#include "net/nic.h"

#define PIN "netns"

static int pin(int rundir, int netns, struct err *err)
{
	autofree char *from = str_fmt("/proc/self/fd/%d", netns), *to = str_fmt("/proc/self/fd/%d/" PIN, rundir);
	autoclose int fd = openat(rundir, PIN, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (!from || !to)
		return err_nomem(err);
	if (fd < 0 || mount(from, to, NULL, MS_BIND, NULL) < 0)
		return err_sys(err, errno, "keep the network namespace");
	return 0;
}

int nic_pin(const struct sides *s, const struct net_record *record, struct err *err)
{
	autoclose int old = nic_pinned(record->rundir);
	int r;

	if (old >= 0)
		return 0;
	r = record->fn(record->data, PIN_LINE, err);
	if (r < 0)
		return r;
	debug_point("net", "pin");
	return pin(record->rundir, s->netns, err);
}

/* The file alone is none: it is made before there is a mount on it. */
int nic_pinned(int rundir)
{
	autoclose int fd = openat(rundir, PIN, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == NSFS_MAGIC ? steal_fd(&fd) : -ENOENT;
}

int nic_unpin(int rundir, struct err *err)
{
	autofree char *path = str_fmt("/proc/self/fd/%d/" PIN, rundir);

	if (!path)
		return err_nomem(err);
	if (phys_inside(rundir))
		return err_set(err, EBUSY, "an interface of the host is still in the network namespace");
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return err_sys(err, errno, "let go of the network namespace");
	return unlinkat(rundir, PIN, 0) < 0 && errno != ENOENT ? err_sys(err, errno, "remove '" PIN "'") : 0;
}

int net_keep_namespace(int netns, const struct net_record *record, struct err *err)
{
	return nic_pin(&(const struct sides){ .host = -1, .guest = -1, .netns = netns }, record, err);
}
