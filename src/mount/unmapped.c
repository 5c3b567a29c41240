/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mount is at fault when the ids of a whole tree cannot be mapped: the kernel does not say. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "mount/internal.h"

static bool can_be_mapped(const char *path, int userns)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)userns };
	autoclose int tree =
		open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT);

	return tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr) == 0;
}

int mount_refuse_unmapped(const char *name, int source, int userns, int code, struct err *err)
{
	autofree char *link = str_fmt("/proc/self/fd/%d", source), *path = NULL;
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const struct mntent *m;
	size_t len;

	err_sys(err, code, "map the ids of '%s'", name);
	path = link ? realpath(link, NULL) : NULL;
	len = path ? strlen(path) : 0;
	while (mounts && path && (m = getmntent(mounts)))
		if (strncmp(m->mnt_dir, path, len) == 0 && m->mnt_dir[len] == '/' && !can_be_mapped(m->mnt_dir, userns)) {
			err_set(err, code,
				"map the ids of '%s': '%s' below it is a mount of type %s, which has no ids to map: unmount "
				"it, or leave it out (mount.entry with bind instead of rbind)",
				name, m->mnt_dir, m->mnt_type);
			break;
		}
	if (mounts)
		endmntent(mounts);
	return -code;
}
