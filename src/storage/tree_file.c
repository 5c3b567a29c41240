/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file once more: contents and holes, shared where the file system can, owners, mode, attributes (ACLs and capabilities
 * among them), times. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/walk.h"
#include "storage/tree.h"

#define DISK_BLOCK 512       /* what st_blocks counts, stat(3type) */
#define XATTR_MOST (1 << 16) /* bytes of all names, and of one value (xattr(7)) */

/* --- attributes ----------------------------------------------------------------------------------------------------------
 */

/* Without these a file would be something else; others stay behind where the file system takes none of them. */
static bool is_needed(const char *attribute)
{
	return str_starts(attribute, "system.posix_acl_") || str_starts(attribute, "trusted.") ||
	       str_eq(attribute, "security.capability");
}

static int copy_attribute(const char *from, const char *to, const char *attribute, char *value)
{
	ssize_t n = lgetxattr(from, attribute, value, XATTR_MOST);

	if (n < 0)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
	if (lsetxattr(to, attribute, value, (size_t)n, 0) == 0)
		return 0;
	return (errno == EOPNOTSUPP || errno == EPERM || errno == EINVAL) && !is_needed(attribute) ? 0 : -errno;
}

/* Their names, each with its end; the bytes. Of so many that nobody can list them, which a guest can make, the ones that
 * matter. */
static ssize_t list_attributes(const char *path, char names[static XATTR_MOST])
{
	static const char known[] = "security.capability\0system.posix_acl_access\0system.posix_acl_default";
	ssize_t n = llistxattr(path, names, XATTR_MOST);

	if (n >= 0 || errno != E2BIG)
		return n;
	log_warn("a file has more extended attributes than can be listed: its copy has none of them");
	memcpy(names, known, sizeof known);
	return sizeof known;
}

/* Both as paths that lead to the file itself, a symlink too. */
static int copy_attributes(const char *from, const char *to, const char *but)
{
	ssize_t n = llistxattr(from, NULL, 0);
	autofree char *names = NULL, *value = NULL;
	int r = 0;

	if (n <= 0)
		return n == 0 || errno == EOPNOTSUPP ? 0 : -errno;
	names = malloc(XATTR_MOST);
	value = malloc(XATTR_MOST);
	if (!names || !value)
		return -ENOMEM;
	n = list_attributes(from, names);
	for (const char *name = names; r == 0 && n > 0 && name < names + n; name += strlen(name) + 1)
		r = but && str_starts(name, but) ? 0 : copy_attribute(from, to, name, value);
	return n < 0 ? -errno : r;
}

/* --- contents ------------------------------------------------------------------------------------------------------------
 */

static int copy_range(int from, int to, off_t at, off_t end, char *buf)
{
	while (at < end) {
		const size_t most = end - at < TREE_BUFFER ? (size_t)(end - at) : TREE_BUFFER;
		ssize_t n = pread(from, buf, most, at), written = 0;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		while (written < n) {
			ssize_t w = pwrite(to, buf + written, (size_t)(n - written), at + written);
			if (w < 0)
				return -errno;
			written += w;
		}
		at += n;
		if (proc_is_to_end())
			return -EINTR;
	}
	return 0;
}

static int copy_sparse(int from, int to, off_t size, char *buf)
{
	off_t data, hole = 0;
	int r = ftruncate(to, size) < 0 ? -errno : 0;

	while (r == 0 && hole < size) {
		data = lseek(from, hole, SEEK_DATA);
		if (data < 0)
			return errno == ENXIO ? 0 : -errno;
		hole = lseek(from, data, SEEK_HOLE);
		r = hole < 0 ? -errno : copy_range(from, to, data, hole < size ? hole : size, buf);
	}
	return r;
}

static int copy_contents(struct tree_copying *copying, int from, int to, const struct stat *st)
{
	if (st->st_size == 0)
		return 0;
	if (!copying->shares_none) {
		if (ioctl(to, FICLONE, from) == 0)
			return 0;
		copying->shares_none = errno == EOPNOTSUPP || errno == ENOTTY || errno == EXDEV;
	}
	if (st->st_blocks * DISK_BLOCK < st->st_size)
		return copy_sparse(from, to, st->st_size, copying->buf);
	return copy_range(from, to, 0, st->st_size, copying->buf);
}

/* --- all of it -----------------------------------------------------------------------------------------------------------
 */

/* A file's path by an open descriptor of it, or of the folder that it is in. */
struct path {
	char text[300];
};

static struct path path_of(int fd, const char *name)
{
	struct path path;

	str_print(path.text, sizeof path.text, name ? "/proc/self/fd/%d/%s" : "/proc/self/fd/%d/.", fd, name);
	return path;
}

/* The owner before what is lost with it, the times after all. */
static int copy_owner(int to, const struct stat *st)
{
	return fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0 ? -errno : 0;
}

/* Of the file that is open; or of what has this name in that folder. */
static int copy_times(int at, const char *name, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	return (name ? utimensat(at, name, times, AT_SYMLINK_NOFOLLOW) : futimens(at, times)) < 0 ? -errno : 0;
}

static int copy_regular(struct tree_copying *copying, const struct tree_at *from, const struct tree_at *to,
			const struct stat *st)
{
	autoclose int in = openat(from->at, from->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autoclose int out =
		in < 0 ? -1 : openat(to->at, to->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = out < 0 ? -errno : copy_contents(copying, in, out, st);

	if (r == 0)
		r = copy_owner(out, st);
	if (r == 0)
		r = copy_attributes(path_of(from->at, from->name).text, path_of(to->at, to->name).text, NULL);
	return r == 0 ? copy_times(out, NULL, st) : r;
}

static int make_symlink(const struct tree_at *from, const struct tree_at *to)
{
	char target[PATH_LINK_LONGEST + 1];
	ssize_t n = readlinkat(from->at, from->name, target, sizeof target - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to->at, to->name) < 0 ? -errno : 0;
}

static int copy_special(const struct tree_at *from, const struct tree_at *to, const struct stat *st)
{
	const bool link = S_ISLNK(st->st_mode);
	int r = 0;

	if (link)
		r = make_symlink(from, to);
	else if (mknodat(to->at, to->name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0)
		r = -errno;
	if (r == 0 && (fchownat(to->at, to->name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		       (!link && fchmodat(to->at, to->name, st->st_mode & 07777, 0) < 0)))
		r = -errno;
	if (r == 0)
		r = copy_attributes(path_of(from->at, from->name).text, path_of(to->at, to->name).text, NULL);
	return r == 0 ? copy_times(to->at, to->name, st) : r;
}

int tree_copy_one(struct tree_copying *copying, const struct tree_at *from, const struct tree_at *to, const struct stat *st,
		  struct err *err)
{
	int r = S_ISREG(st->st_mode) ? copy_regular(copying, from, to, st) : copy_special(from, to, st);

	if (r == -EINTR)
		return err_set(err, EINTR, "interrupted");
	return r < 0 ? walk_fail(from->at, from->name, -r, "copy", err) : 0;
}

int tree_copy_folder(int from, int to, const struct stat *st, const char *but, struct err *err)
{
	int r = copy_owner(to, st);

	if (r == 0)
		r = copy_attributes(path_of(from, NULL).text, path_of(to, NULL).text, but);
	if (r == 0)
		r = copy_times(to, NULL, st);
	return r < 0 ? walk_fail(from, NULL, -r, "copy", err) : 0;
}
