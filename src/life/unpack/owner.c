/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose an entry is, and who else may use it. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <grp.h>
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

int unpack_owner(const struct idmap *map, struct archive_entry *entry, struct err *err)
{
	const char *path = archive_entry_pathname(entry);
	int r = check_id(map, path, false, archive_entry_uid(entry), err);

	if (r == 0)
		r = check_id(map, path, true, archive_entry_gid(entry), err);
	if (r == 0 && archive_entry_acl_types(entry) & ARCHIVE_ENTRY_ACL_TYPE_POSIX1E)
		r = set_acl(map, entry, err);
	return r;
}
