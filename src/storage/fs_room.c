/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file system in a file with holes is mended by writing to it, and the holes take room of the host's disk then. Where
 * there is none, e2fsck goes on without what it could not write, and what it leaves it does not mend itself any more. So
 * there is to be as much room as it may take at most, before it begins. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "storage/fs.h"

#define LITTLE       (UINT64_C(1) << 20) /* a folder for what is found, a few inodes; what the host's own maps grow by */
#define USUAL        (UINT64_C(4) << 20) /* of file systems that take less than they have written, and are whole without */
#define JOURNAL_MOST (UINT64_C(1) << 30)
#define KIB(bytes)   ((uintmax_t)(((bytes) + 1023) / 1024))

/* "Kernel documentation, ext4, The Super Block". */
#define SUPER         1024
#define BLOCKS        0x04 /* le32, as each of these: */
#define BLOCK_SHIFT   0x18 /* 1024 bytes, shifted by that */
#define GROUP         0x20 /* blocks */
#define STATE         0x3a /* le16 */
#define VALID         1
#define ERROR         2
#define INCOMPATIBLE  0x60
#define RECOVER       4
#define JOURNAL       0x10c /* i_block of its inode, the upper and the lower half of its size */
#define JOURNAL_KNOWN 0xfd  /* a byte: 1 when that stands there */
#define EXTENTS       0xf30a
#define EXTENTS_MOST  4

static unsigned at16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint64_t at32(const uint8_t *p)
{
	return at16(p) | (uint64_t)at16(p + 2) << 16;
}

/* Bytes of this part of the file that are no hole. */
static uint64_t has(int file, uint64_t from, uint64_t length)
{
	const off_t end = (off_t)(from + length);
	uint64_t sum = 0;

	for (off_t at = (off_t)from, hole; at < end; at = hole) {
		at = lseek(file, at, SEEK_DATA);
		if (at < 0 && errno == ENXIO)
			return sum;
		hole = at < 0 ? -1 : lseek(file, at, SEEK_HOLE);
		if (hole < 0)
			return length; /* a device knows none */
		if (at < end)
			sum += (uint64_t)((hole < end ? hole : end) - at);
	}
	return sum;
}

/* Each block that the journal holds goes to one place. What of it has never been written it does not hold. */
static uint64_t journal_holds(const uint8_t *super, int file, uint64_t block)
{
	const uint8_t *inode = super + JOURNAL, *extent = inode + 12;
	const uint64_t length = at32(inode + 64) | at32(inode + 60) << 32;
	const unsigned n = at16(inode + 2);
	uint64_t sum = 0;

	if (super[JOURNAL_KNOWN] != 1)
		return JOURNAL_MOST;
	if (at16(inode) != EXTENTS || at16(inode + 6) || n > EXTENTS_MOST)
		return length;
	for (unsigned i = 0; i < n; i++, extent += 12) {
		const uint64_t first = at32(extent + 8) | (uint64_t)at16(extent + 6) << 32;
		sum += has(file, first * block, at16(extent + 4) * block);
	}
	return sum < length ? sum : length;
}

/* What mending it writes, in bytes, at most; 0: it needs none. */
static uint64_t writes(const struct fs *fs, int file, bool lost)
{
	uint8_t super[1024];

	if (!str_eq(fs->name, "ext4"))
		return lost ? USUAL : 0;
	if (pread(file, super, sizeof super, SUPER) != sizeof super || at32(super + BLOCK_SHIFT) > 6 || !at32(super + GROUP))
		return 0;
	const bool replays = at32(super + INCOMPATIBLE) & RECOVER;
	const unsigned state = at16(super + STATE);
	const uint64_t block = UINT64_C(1024) << at32(super + BLOCK_SHIFT);
	const uint64_t groups = fs->length(super) / block / at32(super + GROUP) + 1;
	if (!lost && !replays && state & VALID && !(state & ERROR))
		return 0;
	/* of each group the two maps; and that of a delta, which is none of its own */
	return LITTLE + 3 * groups * block + (replays ? journal_holds(super, file, block) : 0);
}

/* A file system that shares what is in files writes to none in place. */
static bool is_in_place(const struct statfs *host)
{
	return host->f_type == EXT4_SUPER_MAGIC || host->f_type == TMPFS_MAGIC;
}

/* e2fsck and a disk's server are nobody's processes: what is kept for root they do not have. */
int fs_check_room(const struct fs *fs, int file, int kept, bool lost, const char *path, struct err *err)
{
	uint64_t wanted = writes(fs, file, lost), holes, left;
	struct statfs host;
	struct stat st;

	if (!wanted)
		return 0;
	if (fstat(kept, &st) < 0 || fstatfs(kept, &host) < 0)
		return err_sys(err, errno, "look how much room there is for '%s'", path);
	holes = st.st_blocks * 512 < st.st_size ? (uint64_t)(st.st_size - st.st_blocks * 512) : 0;
	if (is_in_place(&host) && holes < wanted)
		wanted = holes;
	left = host.f_bavail * (uint64_t)host.f_bsize;
	if (left >= wanted)
		return 0;
	return err_set(err, ENOSPC,
		       "the file system in '%s' is to be mended, which may take %juK of the host's disk, and that has %juK: "
		       "make room there first (nothing has been changed)",
		       path, KIB(wanted), KIB(left));
}
