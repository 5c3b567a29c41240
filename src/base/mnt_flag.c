/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "base/str.h"

static const struct flag {
	const char *name;
	uint64_t set, clear;
} flags[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	/* three of one field (mount_setattr(2)): it is cleared with each */
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
};

bool mnt_flag(const char *word, uint64_t *set, uint64_t *clear)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (str_eq(word, flags[i].name)) {
			*set = (*set & ~(flags[i].clear | flags[i].set)) | flags[i].set;
			*clear = (*clear & ~flags[i].set) | flags[i].clear;
			return true;
		}
	return false;
}
