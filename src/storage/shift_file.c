/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One file's ids: owner, group, those in its ACLs (acl(5)), and whose root its capabilities are of (capabilities(7)). */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/posix_acl_xattr.h>
#include <stddef.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/vec.h"
#include "storage/shift.h"

#define CAPABILITY "security.capability"
#define LOST       (S_ISUID | S_ISGID) /* with the owner */
#define ACL_USER   0x02                /* of an entry that has an id, linux/posix_acl.h */
#define ACL_GROUP  0x08
#define XATTR_MOST 65536

static const struct storage_range *find(const struct storage_map *map, bool gid, bool outside, uint32_t id)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct storage_range *r = &map->v[i];
		const uint32_t first = outside ? r->outside : r->inside;
		if (r->gid == gid && id >= first && id - first < r->count)
			return r;
	}
	return NULL;
}

/* One that is neither inside nor outside is nobody's, and stays. */
static uint32_t translate(const struct shift *s, bool gid, uint32_t id)
{
	const struct storage_range *r = find(&s->map, gid, !s->out, id);

	if (!r)
		return id;
	return s->out ? r->outside + (id - r->inside) : r->inside + (id - r->outside);
}

bool shift_is_outside(const struct storage_ids *ids, bool gid, uint32_t id)
{
	return find(&ids->map, gid, true, id) && !find(&ids->map, gid, false, id);
}

/* A name for what is open, for calls that take no O_PATH descriptor. */
struct name {
	char path[32];
};

static struct name name_of(int fd)
{
	struct name name;

	str_print(name.path, sizeof name.path, "/proc/self/fd/%d", fd);
	return name;
}

static int fail(int fd, int code, const char *what, struct err *err)
{
	char path[400] = "";

	(void)!readlink(name_of(fd).path, path, sizeof path - 1);
	return err_sys(err, code, "%s of '%s'", what, path);
}

static ssize_t read_attribute(int fd, const char *attribute, void *to, size_t size)
{
	ssize_t n = getxattr(name_of(fd).path, attribute, to, size);

	return n < 0 && (errno == ENODATA || errno == EOPNOTSUPP) ? 0 : n;
}

static int change_acl(const struct shift *s, int fd, const char *attribute, struct err *err)
{
	autofree char *bytes = malloc(XATTR_MOST);
	struct posix_acl_xattr_entry *entry;
	bool changed = false;
	ssize_t n = bytes ? read_attribute(fd, attribute, bytes, XATTR_MOST) : -1;

	if (n < 0)
		return fail(fd, bytes ? errno : ENOMEM, "read the ACL", err);
	for (size_t at = sizeof(struct posix_acl_xattr_header); at + sizeof *entry <= (size_t)n; at += sizeof *entry) {
		entry = (struct posix_acl_xattr_entry *)(void *)(bytes + at);
		const unsigned tag = le16toh(entry->e_tag);
		const uint32_t id = le32toh(entry->e_id);
		if (tag != ACL_USER && tag != ACL_GROUP)
			continue;
		changed |= translate(s, tag == ACL_GROUP, id) != id;
		entry->e_id = htole32(translate(s, tag == ACL_GROUP, id));
	}
	return changed && setxattr(name_of(fd).path, attribute, bytes, (size_t)n, 0) < 0
		       ? fail(fd, errno, "change the ACL", err)
		       : 0;
}

static int change_acls(const struct shift *s, int fd, const struct stat *st, struct err *err)
{
	int r = S_ISLNK(st->st_mode) ? 0 : change_acl(s, fd, "system.posix_acl_access", err);

	return r == 0 && S_ISDIR(st->st_mode) ? change_acl(s, fd, "system.posix_acl_default", err) : r;
}

/* Those of the host's root have no id of a root with them. */
static int put_caps(const struct shift *s, const struct shift_special *had, int fd, struct err *err)
{
	struct vfs_ns_cap_data caps = { 0 };
	uint32_t magic, root;
	size_t size = XATTR_CAPS_SZ_3;

	memcpy(&caps, had->caps, had->size);
	magic = le32toh(caps.magic_etc);
	root = translate(s, false, had->size == XATTR_CAPS_SZ_3 ? le32toh(caps.rootid) : 0);
	if (root == 0)
		size = XATTR_CAPS_SZ_2;
	magic = (magic & ~VFS_CAP_REVISION_MASK) | (root == 0 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3);
	caps.magic_etc = htole32(magic);
	caps.rootid = htole32(root);
	return setxattr(name_of(fd).path, CAPABILITY, &caps, size, 0) < 0 ? fail(fd, errno, "set capabilities", err) : 0;
}

static const struct shift_special *find_special(const struct shift *s, uint64_t inode)
{
	size_t from = 0, to = s->n;

	while (from < to) {
		const size_t middle = from + (to - from) / 2;
		if (s->v[middle].inode == inode)
			return &s->v[middle];
		if (s->v[middle].inode < inode)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

int shift_change(const struct shift *s, int fd, const struct stat *st, struct err *err)
{
	const struct shift_special *had = S_ISREG(st->st_mode) ? find_special(s, st->st_ino) : NULL;
	const uid_t uid = translate(s, false, st->st_uid);
	const gid_t gid = translate(s, true, st->st_gid);
	int r = change_acls(s, fd, st, err);

	if (r == 0 && (uid != st->st_uid || gid != st->st_gid) &&
	    fchownat(fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
		r = fail(fd, errno, "change the owner", err);
	if (r < 0 || !had)
		return r;
	debug_point("shift", "owner");
	if ((had->mode & LOST) && chmod(name_of(fd).path, had->mode & 07777) < 0)
		return fail(fd, errno, "change the mode", err);
	return had->size ? put_caps(s, had, fd, err) : 0;
}

/* Could be one or the other: before anything is changed, none is. */
static int check_ids(const struct shift *s, int fd, const struct stat *st, struct err *err)
{
	for (int gid = 0; s->out && gid < 2; gid++) {
		const uint32_t id = gid ? st->st_gid : st->st_uid;
		if (find(&s->map, gid, true, id))
			return fail(fd, EOVERFLOW,
				    gid ? "an id that the container has on the host is the group"
					: "an id that the container has on the host is the owner",
				    err);
	}
	return 0;
}

int shift_look(struct shift *s, int fd, const struct stat *st, struct err *err)
{
	struct shift_special *v, special = { .inode = st->st_ino, .mode = st->st_mode };
	int r = check_ids(s, fd, st, err);
	ssize_t n;

	if (r < 0 || !S_ISREG(st->st_mode))
		return r;
	n = read_attribute(fd, CAPABILITY, special.caps, sizeof special.caps);
	if (n < 0 || (n > 0 && n != XATTR_CAPS_SZ_2 && n != XATTR_CAPS_SZ_3))
		return fail(fd, n < 0 ? errno : EINVAL, "read the capabilities", err);
	special.size = (size_t)n;
	if (!n && !(st->st_mode & LOST))
		return 0;
	v = vec_grow(s->v, s->n, &s->room, sizeof *v);
	if (!v)
		return err_nomem(err);
	s->v = v;
	s->v[s->n++] = special;
	return 0;
}
