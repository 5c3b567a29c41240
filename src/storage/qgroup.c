/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/qgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/subvol.h"

/* A group is LEVEL/NUMBER: 0/N is subvolume N alone, 1/N here that and those in it. */
#define LEVEL_SHIFT 48

/* What the kernel shows of quotas here; false: there are none. */
static bool show(int root, const char *what, char *text, size_t size)
{
	autocall(str_done) struct str path = { 0 };
	struct btrfs_ioctl_fs_info_args fs = { 0 };

	if (ioctl(root, BTRFS_IOC_FS_INFO, &fs) < 0)
		return false;
	str_add(&path, "/sys/fs/btrfs/");
	for (size_t i = 0; i < sizeof fs.fsid; i++)
		str_addf(&path, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", fs.fsid[i]);
	str_addf(&path, "/qgroups/%s", what);
	return file_read_small_at(AT_FDCWD, str_text(&path), text, size, NULL) >= 0;
}

/* In these what is made in a subvolume belongs to the group of that. */
static bool is_simple(int root)
{
	char mode[16];

	return show(root, "mode", mode, sizeof mode) && str_eq(mode, "squota");
}

static int number(int root, unsigned level, const char *what, uint64_t *ret)
{
	char text[32], path[64];
	uint64_t id;

	if (subvol_id(root, &id) < 0)
		return -ENODATA;
	str_print(path, sizeof path, "%u_%" PRIu64 "/%s", level, id, what);
	return show(root, path, text, sizeof text) && str_uint(text, 0, UINT64_MAX, ret) == 0 ? 0 : -ENODATA;
}

/* data: the group's number. */
static int join(int subvolume, void *data)
{
	struct btrfs_ioctl_qgroup_assign_args args = { .assign = 1, .dst = *(const uint64_t *)data };
	uint64_t id;
	int r = subvol_id(subvolume, &id);

	args.src = id;
	if (r == 0 && ioctl(subvolume, BTRFS_IOC_QGROUP_ASSIGN, &args) < 0 && errno != EEXIST)
		r = -errno;
	return r;
}

/* Of all that is in it. */
static int make_group(int root, uint64_t *ret)
{
	struct btrfs_ioctl_qgroup_create_args args = { .create = 1 };
	int r = subvol_id(root, ret);

	if (r < 0)
		return r;
	*ret |= UINT64_C(1) << LEVEL_SHIFT;
	args.qgroupid = *ret;
	if (ioctl(root, BTRFS_IOC_QGROUP_CREATE, &args) < 0 && errno != EEXIST)
		return -errno;
	return subvol_each(root, join, ret);
}

int qgroup_bound(int root, uint64_t size)
{
	struct btrfs_ioctl_qgroup_limit_args args = { .lim = { .flags = BTRFS_QGROUP_LIMIT_MAX_RFER,
							       .max_rfer = size ? size : UINT64_MAX /* none */ } };
	const bool simple = is_simple(root);
	uint64_t is, group = 0; /* 0: the subvolume's own */
	int r = 0;

	if (number(root, simple, "max_referenced", &is) == 0 && is == size)
		return 0;
	if (simple)
		r = make_group(root, &group);
	args.qgroupid = group;
	return r < 0 ? r : ioctl(root, BTRFS_IOC_QGROUP_LIMIT, &args) < 0 ? -errno : 0;
}

int qgroup_taken(int root, uint64_t *ret)
{
	return number(root, is_simple(root), "referenced", ret) < 0 ? number(root, 0, "referenced", ret) : 0;
}
