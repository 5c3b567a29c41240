/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file system is to be as large as somebody has said. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "storage/fs.h"

#define TOO_LITTLE (UINT64_C(16) << 20) /* an end of that much none makes room of */

static uint32_t at32(const uint8_t *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

static uint64_t at64(const uint8_t *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof n);
	return n;
}

/* "Kernel documentation, ext4, The Super Block". */
uint64_t fs_length_ext4(const uint8_t *super)
{
	const bool wide = le32toh(at32(super + 0x60)) & 0x80; /* INCOMPAT_64BIT */
	const uint64_t blocks = le32toh(at32(super + 4)) | (wide ? (uint64_t)le32toh(at32(super + 0x150)) << 32 : 0);

	return blocks << (10 + (le32toh(at32(super + 0x18)) & 31));
}

/* fs/xfs/libxfs/xfs_format.h: sb_blocksize, sb_dblocks */
uint64_t fs_length_xfs(const uint8_t *super)
{
	return be32toh(at32(super + 4)) * be64toh(at64(super + 8));
}

/* fs/btrfs/fs.h: total_bytes */
uint64_t fs_length_btrfs(const uint8_t *super)
{
	return le64toh(at64(super + 0x70));
}

int fs_measure(const struct fs *fs, int file, uint64_t *ret, struct err *err)
{
	uint8_t super[FS_SUPER];

	if (pread(file, super, sizeof super, (off_t)fs->super) != sizeof super)
		return err_sys(err, errno ? errno : EIO, "read how large the file system is");
	*ret = fs->length(super);
	return 0;
}

int fs_lacks(const struct fs *fs, int file, uint64_t size, struct err *err)
{
	uint64_t now = 0;
	int r = fs_measure(fs, file, &now, err);

	return r < 0 ? r : now + TOO_LITTLE < size;
}

/* What is behind its end gives its room back. */
static void give_back(int device, uint64_t from)
{
	uint64_t range[2] = { from }, all;

	if (ioctl(device, BLKGETSIZE64, &all) < 0 || all <= from)
		return;
	range[1] = all - from;
	(void)ioctl(device, BLKDISCARD, range);
}

static int fit_mounted(const struct fs *fs, int tree, uint64_t size, bool larger, struct err *err)
{
	autoclose int root = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_sys(err, errno, "open its root folder");
	return (larger ? fs->grow : fs->shrink)(root, size, err);
}

int fs_mount_fitting(const struct fs *fs, int device, unsigned n, const char *path, const struct strv *options,
		     uint64_t size, bool shrink, struct err *err)
{
	uint64_t now = 0;
	int r = size ? fs_measure(fs, device, &now, err) : 0;
	const bool larger = r == 0 && now + TOO_LITTLE < size, fits = !larger && (!shrink || now <= size);
	const bool mounted = !str_eq(fs->name, "ext4") && (larger || fs->shrink);
	autoclose int tree = -1;

	if (r == 0 && !fits && !mounted)
		r = fs_resize_file(fs, device, path, size, err);
	if (r == 0)
		r = tree = fs_mount(fs, n, options, err);
	if (r >= 0 && !fits && mounted)
		r = fit_mounted(fs, tree, size, larger, err);
	if (r >= 0 && !fits && !larger)
		give_back(device, size);
	debug_point("resize", "fs");
	return r < 0 ? r : steal_fd(&tree);
}
