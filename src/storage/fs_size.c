/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The size of a file system that is mounted. */
#include <errno.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>

#include "storage/fs.h"

/* fs/ext4/ext4.h */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

static int count_blocks(int root, uint64_t size, uint64_t *ret, struct err *err)
{
	struct statfs fs;

	if (fstatfs(root, &fs) < 0 || fs.f_bsize <= 0)
		return err_sys(err, errno, "look at the file system");
	*ret = size / (uint64_t)fs.f_bsize;
	return 0;
}

int fs_grow_ext4(int root, uint64_t size, struct err *err)
{
	uint64_t blocks;

	if (count_blocks(root, size, &blocks, err) < 0)
		return -err->code;
	if (ioctl(root, EXT4_IOC_RESIZE_FS, &blocks) == 0)
		return 0;
	if (errno == EPERM)
		return err_set(err, EPERM,
			       "an ext4 that is mounted grows by CAP_SYS_RESOURCE, which is missing here: stop it first");
	return err_sys(err, errno, "make the file system larger");
}

/* fs/xfs/libxfs/xfs_fs.h: struct xfs_fsop_geom_v1, struct xfs_growfs_data */
struct xfs_geometry {
	uint32_t blocksize, rtextsize, agblocks, agcount, logblocks, sectsize, inodesize, imaxpct;
	uint64_t datablocks, rtblocks, rtextents, logstart;
	uint8_t uuid[16];
	uint32_t sunit, swidth;
	int32_t version;
	uint32_t flags, logsectsize, rtsectsize, dirblocksize;
};
struct xfs_growth {
	uint64_t blocks;
	uint32_t imaxpct;
};
#define XFS_IOC_FSGEOMETRY_V1 _IOR('X', 100, struct xfs_geometry)
#define XFS_IOC_FSGROWFSDATA  _IOW('X', 110, struct xfs_growth)

int fs_grow_xfs(int root, uint64_t size, struct err *err)
{
	struct xfs_geometry is;
	struct xfs_growth to;

	if (ioctl(root, XFS_IOC_FSGEOMETRY_V1, &is) < 0)
		return err_sys(err, errno, "look at the file system");
	to = (struct xfs_growth){ .blocks = size / is.blocksize, .imaxpct = is.imaxpct };
	if (to.blocks == is.datablocks)
		return 0;
	return ioctl(root, XFS_IOC_FSGROWFSDATA, &to) < 0 ? err_sys(err, errno, "make the file system larger") : 0;
}

#define BTRFS_LEAST (UINT64_C(256) << 20)

/* Of its only device. */
int fs_resize_btrfs(int root, uint64_t size, struct err *err)
{
	struct btrfs_ioctl_vol_args args = { 0 };

	str_print(args.name, sizeof args.name, "1:%ju", (uintmax_t)size);
	if (ioctl(root, BTRFS_IOC_RESIZE, &args) == 0)
		return 0;
	if (errno == ENOSPC)
		return err_set(err, ENOSPC, "what is in it needs more room");
	if (errno == EINVAL && size < BTRFS_LEAST) /* fs/btrfs/ioctl.c */
		return err_set(err, EINVAL, "a btrfs has 256M at least");
	return err_sys(err, errno, "resize the file system");
}
