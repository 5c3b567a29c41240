/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose an entry is, and who else may use it. */
#include <archive.h>
#include <archive_entry.h>
#include <endian.h>
#include <errno.h>
#include <grp.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "life/unpack/internal.h"

static int check_id(const struct idmap *map, const char *path, bool gid, la_int64_t id, struct err *err)
{
	if (id >= 0 && id < UINT32_MAX && idmap_to_host(map, gid, (uint32_t)id) != UINT32_MAX)
		return 0;
	return err_set(err, EOVERFLOW, "'%s': %s %jd has no place in the container's id map", path, gid ? "group" : "user",
		       (intmax_t)id);
}

/* By the archive's own files, if they are unpacked already: what this machine calls by that name is somebody else. */
static int find_id(const char *name, bool gid)
{
	autofclose FILE *file = fopen(gid ? "/etc/group" : "/etc/passwd", "re");
	const struct group *gr;
	const struct passwd *pw;

	if (!file)
		return -1;
	if (gid) {
		while ((gr = fgetgrent(file)))
			if (str_eq(gr->gr_name, name))
				return (int)gr->gr_gid;
		return -1;
	}
	while ((pw = fgetpwent(file)))
		if (str_eq(pw->pw_name, name))
			return (int)pw->pw_uid;
	return -1;
}

/* GNU tar keeps names there, others ids. */
static int add_acl(const struct idmap *map, struct archive_entry *entry, int type, int permset, int tag, int id,
		   const char *name, struct err *err)
{
	const char *path = archive_entry_pathname(entry);
	bool gid = tag == ARCHIVE_ENTRY_ACL_GROUP;

	if (gid || tag == ARCHIVE_ENTRY_ACL_USER) {
		if (id < 0 && name)
			id = find_id(name, gid);
		if (id < 0)
			return err_set(err, ENOENT,
				       "'%s': its ACL names %s '%s', which no file unpacked so far has an id for", path,
				       gid ? "group" : "user", name ? name : "");
		if (check_id(map, path, gid, id, err) < 0)
			return -err->code;
	}
	archive_entry_acl_add_entry(entry, type, permset, tag, id, name);
	return 0;
}

static int set_acl(const struct idmap *map, struct archive_entry *entry, struct err *err)
{
	struct archive_entry *copy = archive_entry_clone(entry);
	int type, permset, tag, id, r = 0;
	const char *name;

	if (!copy)
		return err_nomem(err);
	archive_entry_acl_clear(entry);
	archive_entry_acl_reset(copy, ARCHIVE_ENTRY_ACL_TYPE_POSIX1E);
	while (r == 0 &&
	       archive_entry_acl_next(copy, ARCHIVE_ENTRY_ACL_TYPE_POSIX1E, &type, &permset, &tag, &id, &name) == ARCHIVE_OK)
		r = add_acl(map, entry, type, permset, tag, id, name, err);
	archive_entry_free(copy);
	return r;
}

static int tag_of(uint16_t tag)
{
	switch (tag) {
	case ACL_USER_OBJ:
		return ARCHIVE_ENTRY_ACL_USER_OBJ;
	case ACL_USER:
		return ARCHIVE_ENTRY_ACL_USER;
	case ACL_GROUP_OBJ:
		return ARCHIVE_ENTRY_ACL_GROUP_OBJ;
	case ACL_GROUP:
		return ARCHIVE_ENTRY_ACL_GROUP;
	case ACL_MASK:
		return ARCHIVE_ENTRY_ACL_MASK;
	case ACL_OTHER:
		return ARCHIVE_ENTRY_ACL_OTHER;
	default:
		return -1;
	}
}

/* The attribute as the kernel has it (linux/posix_acl_xattr.h): little endian, and in ids. */
static int add_attribute(const struct idmap *map, struct archive_entry *entry, int type, const void *value, size_t n,
			 struct err *err)
{
	const struct posix_acl_xattr_header *head = value;
	const struct posix_acl_xattr_entry *e = (const void *)(head + 1);
	size_t count = n < sizeof *head ? 0 : (n - sizeof *head) / sizeof *e;
	int r = 0;

	if (n != sizeof *head + count * sizeof *e || le32toh(head->a_version) != POSIX_ACL_XATTR_VERSION)
		return err_set(err, EINVAL, "'%s': its ACL has an unknown form", archive_entry_pathname(entry));
	for (size_t i = 0; r == 0 && i < count; i++) {
		int tag = tag_of(le16toh(e[i].e_tag)), id = (int)le32toh(e[i].e_id);
		if (tag < 0)
			return err_set(err, EINVAL, "'%s': its ACL has an unknown form", archive_entry_pathname(entry));
		r = add_acl(map, entry, type, le16toh(e[i].e_perm) & 7, tag, id, NULL, err);
	}
	return r;
}

/* Packed as attributes, besides or without names. 1 when there was one. */
static int set_attributes(const struct idmap *map, struct archive_entry *entry, struct err *err)
{
	const char *name;
	const void *value;
	size_t n;
	int r = 0, found = 0;

	archive_entry_xattr_reset(entry);
	while (r == 0 && archive_entry_xattr_next(entry, &name, &value, &n) == ARCHIVE_OK) {
		if (!unpack_is_acl(name))
			continue;
		if (!found++)
			archive_entry_acl_clear(entry);
		r = add_attribute(map, entry,
				  str_ends(name, "access") ? ARCHIVE_ENTRY_ACL_TYPE_ACCESS : ARCHIVE_ENTRY_ACL_TYPE_DEFAULT,
				  value, n, err);
	}
	return r < 0 ? r : found > 0;
}

bool unpack_is_acl(const char *attribute)
{
	return str_eq(attribute, "system.posix_acl_access") || str_eq(attribute, "system.posix_acl_default");
}

int unpack_owner(const struct idmap *map, struct archive_entry *entry, struct err *err)
{
	const char *path = archive_entry_pathname(entry);
	int r = check_id(map, path, false, archive_entry_uid(entry), err);

	if (r == 0)
		r = check_id(map, path, true, archive_entry_gid(entry), err);
	if (r == 0)
		r = set_attributes(map, entry, err);
	if (r == 0 && archive_entry_acl_types(entry) & ARCHIVE_ENTRY_ACL_TYPE_POSIX1E)
		r = set_acl(map, entry, err);
	return r < 0 ? r : 0;
}
