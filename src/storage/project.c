/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Project quota: files have a number, new ones that of their folder, and what all of one number take has a bound
 * (quotactl(2), FS_IOC_FSSETXATTR in ioctl_xfs_fsgetxattr(2)). Only the host's root can give a file another one. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
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
#include "storage/internal.h"

#define OURS     0x40000000u /* of the numbers: an administrator's are small */
#define TRIES    16
#define UNIT     1024 /* bytes of a bound, struct dqblk's dqb_bhardlimit */
#define PROJECTS 2    /* PRJQUOTA of linux/quota.h */

static int quota(int dir, int command, uint32_t id, struct dqblk *q)
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

/* Folders first: what is made in them meanwhile has it. Links, nodes and sockets take no space to speak of. */
static int number_all(int dir, uint32_t id)
{
	autofree char *path = str_fmt("/proc/self/fd/%d/.", dir);
	char *roots[] = { path, NULL };
	FTS *tree = path ? fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL) : NULL;
	FTSENT *e;
	int r = tree ? 0 : -ENOMEM;

	while (r == 0 && (e = fts_read(tree))) {
		autoclose int fd = -1;
		if (e->fts_info != FTS_D && e->fts_info != FTS_F)
			continue;
		fd = open(e->fts_accpath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		r = fd < 0 ? -errno : set_number(fd, id, e->fts_info == FTS_D);
		r = r == -ENOENT || r == -ELOOP ? 0 : r; /* gone, or another by now */
	}
	if (tree)
		fts_close(tree);
	return r;
}

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

static int bound(const int *dirs, size_t n, uint64_t size)
{
	struct dqblk q = { 0 };
	uint32_t id = 0;
	int dir = dirs[0], r = choose_number(dir, &id, &q);
	const bool all = number_of(dir) == id && q.dqb_bhardlimit; /* the bound comes last */

	for (size_t i = 0; i < n && size && !all && r == 0; i++)
		r = number_all(dirs[i], id);
	q.dqb_bhardlimit = q.dqb_bsoftlimit = (size + UNIT - 1) / UNIT;
	q.dqb_valid = QIF_BLIMITS;
	return r == 0 ? quota(dir, Q_SETQUOTA, id, &q) : r;
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

int storage_bound_folders(const int *dirs, size_t n, const char *path, uint64_t size, struct err *err)
{
	int r = bound(dirs, n, size);

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

int storage_resize_folders(const int *dirs, size_t n, const char *path, uint64_t size, struct err *err)
{
	uint64_t used;

	if (size && storage_taken(dirs[0], &used) == 0 && storage_check_fits(used, size, err) < 0)
		return -err->code;
	return storage_bound_folders(dirs, n, path, size, err);
}

int storage_resize_folder(const struct storage_place *p, bool running, uint64_t size, struct err *err)
{
	autoclose int dir = storage_read_root(p, err);

	(void)running;
	return dir < 0 ? dir : storage_resize_folders(&dir, 1, p->path, size, err);
}

int storage_folder_usage(const struct storage_place *p, uint64_t *ret)
{
	autoclose int dir = storage_read_root(p, NULL);

	return dir < 0 ? -ENODATA : storage_taken(dir, ret);
}
