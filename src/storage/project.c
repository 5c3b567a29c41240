/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Project quota: files have a number, new ones that of their folder, and what all of one number take has a bound
 * (quotactl(2), FS_IOC_FSSETXATTR in ioctl_xfs_fsgetxattr(2)). Only the host's root can give a file another one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sys.h"
#include "base/walk.h"
#include "storage/internal.h"

#define OURS     0x40000000u /* of the numbers: an administrator's are small */
#define TRIES    16
#define UNIT     1024 /* bytes of a bound, struct dqblk's dqb_bhardlimit */
#define PROJECTS 2    /* PRJQUOTA of linux/quota.h */

static int quota(int dir, unsigned command, uint32_t id, struct dqblk *q)
{
	return sys_quotactl(dir, QCMD(command, PROJECTS), id, q) < 0 ? -errno : 0;
}

static uint32_t number_of(int fd)
{
	struct fsxattr attr;

	return ioctl(fd, FS_IOC_FSGETXATTR, &attr) < 0 ? 0 : attr.fsx_projid;
}

static int set_number(int fd, uint32_t id, bool folder)
{
	struct fsxattr attr;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &attr) < 0)
		return -errno;
	attr.fsx_projid = id;
	attr.fsx_xflags |= folder ? FS_XFLAG_PROJINHERIT : 0;
	return ioctl(fd, FS_IOC_FSSETXATTR, &attr) < 0 ? -errno : 0;
}

static int number_folder(void *data, int fd, const struct stat *st, struct err *err)
{
	const uint32_t *id = data;
	int r = set_number(fd, *id, true);

	(void)st;
	return r < 0 ? err_sys(err, -r, "count its files as one project") : 0;
}

/* Links, nodes and sockets cannot be opened, and take no space to speak of. */
static int number_file(void *data, int at, const char *name, const struct stat *st, struct err *err)
{
	const uint32_t *id = data;
	autoclose int file = -1;
	int r;

	if (!S_ISREG(st->st_mode))
		return 0;
	file = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	r = file < 0 ? -errno : set_number(file, *id, false);
	return r < 0 ? err_sys(err, -r, "count its files as one project") : 0;
}

static const struct walk numbering = { .file = number_file, .leave = number_folder };

/* Its own, or one that nobody uses: of the inode's, which nothing else has while it is there. */
static int choose_number(int dir, uint32_t *ret, struct dqblk *q)
{
	const uint32_t is = number_of(dir);
	struct stat st;
	int r;

	if (is & OURS) {
		*ret = is;
		return quota(dir, Q_GETQUOTA, is, q);
	}
	if (fstat(dir, &st) < 0)
		return -errno;
	for (unsigned i = 0; i < TRIES; i++) {
		*ret = OURS | ((uint32_t)(st.st_ino + i) & (OURS - 1));
		r = quota(dir, Q_GETQUOTA, *ret, q);
		if (r == -ENOENT || (r == 0 && q->dqb_curspace == 0)) {
			*q = (struct dqblk){ 0 };
			return 0;
		}
		if (r < 0)
			return r;
	}
	return -EEXIST;
}

static int refuse(int dir, const char *path, int code, struct err *err)
{
	struct statfs fs;

	if (code != ESRCH && code != ENOSYS && code != EOPNOTSUPP && code != ENOTTY && code != EINVAL && code != ENOENT)
		return err_sys(err, code, "bound the folder '%s'", path);
	if (fstatfs(dir, &fs) == 0 && (uint32_t)fs.f_type == BTRFS_SUPER_MAGIC)
		return err_set(err, EOPNOTSUPP,
			       "nothing bounds a folder of btrfs, '%s': a container made with -B btrfs can have a size",
			       path);
	return err_set(err, EOPNOTSUPP,
		       "nothing bounds the folder '%s': its file system is not ext4 or xfs, mounted with prjquota, on Linux "
		       "5.14 or later; a container made with -B loop has a size anywhere",
		       path);
}

/* Are all files counted as one already? The bound comes last. */
static bool is_numbered(int dir, uint32_t id, const struct dqblk *q)
{
	return number_of(dir) == id && q->dqb_bhardlimit;
}

int storage_bound_folders(const int *dirs, size_t n, const char *path, bool running, uint64_t size, struct err *err)
{
	struct dqblk q = { 0 };
	uint32_t id = 0;
	int r = choose_number(dirs[0], &id, &q);
	bool all;

	if (r < 0)
		return size ? refuse(dirs[0], path, -r, err) : 0;
	all = !size || is_numbered(dirs[0], id, &q);
	if (!all && running)
		return err_set(err, EBUSY,
			       "what it has is not counted yet, which cannot be begun while it runs: stop it first");
	for (size_t i = 0; i < n && !all && r == 0; i++)
		r = walk_tree(dirs[i], &numbering, &id, err);
	if (r < 0)
		return r;
	q.dqb_bhardlimit = q.dqb_bsoftlimit = (size + UNIT - 1) / UNIT;
	q.dqb_valid = QIF_BLIMITS;
	r = quota(dirs[0], Q_SETQUOTA, id, &q);
	return r < 0 && size ? refuse(dirs[0], path, -r, err) : 0;
}

int storage_taken(int dir, uint64_t *ret)
{
	const uint32_t id = number_of(dir);
	struct dqblk q = { 0 };

	if (!(id & OURS) || quota(dir, Q_GETQUOTA, id, &q) < 0 || !q.dqb_bhardlimit)
		return -ENODATA;
	*ret = q.dqb_curspace;
	return 0;
}

int storage_resize_folders(const int *dirs, size_t n, const char *path, bool running, uint64_t size, struct err *err)
{
	uint64_t used;

	if (size && storage_taken(dirs[0], &used) == 0 && storage_check_fits(used, size, err) < 0)
		return -err->code;
	return storage_bound_folders(dirs, n, path, running, size, err);
}

int storage_resize_folder(const struct storage_place *p, bool running, uint64_t size, struct err *err)
{
	autoclose int dir = storage_read_root(p, err);

	return dir < 0 ? dir : storage_resize_folders(&dir, 1, p->path, running, size, err);
}

int storage_folder_usage(const struct storage_place *p, uint64_t *ret)
{
	autoclose int dir = storage_read_root(p, NULL);

	return dir < 0 ? -ENODATA : storage_taken(dir, ret);
}
