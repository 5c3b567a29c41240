/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What packing and unpacking share. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "life/unpack/internal.h"

/* EILSEQ stands for a bad format. */
int unpack_say(struct err *err, struct archive *from, const char *what, const char *path)
{
	int code = archive_errno(from);
	const char *text = archive_error_string(from), *reason = code > 0 && code != EILSEQ ? strerror(code) : NULL;

	if (reason && text && strstr(text, reason))
		reason = NULL;
	return err_set(err, EIO, "%s%s%s%s: %s%s%s", what, path ? " '" : "", path ? path : "", path ? "'" : "",
		       text ? text : "failed", reason ? ": " : "", reason ? reason : "");
}

int unpack_leave_out(struct left_out *left, const char *first, struct err *err)
{
	if (left->n++ == 0 && !(left->first = strdup(first)))
		return err_nomem(err);
	return 0;
}

void unpack_tell(const struct left_out *left, struct str *out)
{
	if (left->n == 0)
		return;
	for (char *p = left->first; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	str_addf(out, "left out: %zu %s, such as '%s'\n", left->n, left->what, left->first);
}

static bool is_kept(const char *attribute)
{
	return str_starts(attribute, "user.") || str_eq(attribute, "security.capability");
}

int unpack_choose_attributes(struct left_out *left, struct archive_entry *entry, struct err *err)
{
	struct archive_entry *copy;
	const char *name;
	const void *value;
	size_t n;
	int r = 0;

	if (archive_entry_xattr_reset(entry) == 0)
		return 0;
	copy = archive_entry_clone(entry);
	if (!copy)
		return err_nomem(err);
	archive_entry_xattr_clear(entry);
	archive_entry_xattr_reset(copy);
	while (r == 0 && archive_entry_xattr_next(copy, &name, &value, &n) == ARCHIVE_OK)
		if (is_kept(name))
			archive_entry_xattr_add_entry(entry, name, value, n);
		else if (!unpack_is_acl(name))
			r = unpack_leave_out(left, name, err);
	archive_entry_free(copy);
	return r;
}

const char *unpack_plain(const char *path)
{
	while (str_starts(path, "./"))
		path += 2;
	return path;
}

bool unpack_is_below_dev(const char *path)
{
	return str_starts(unpack_plain(path), "dev/");
}

int unpack_drop_nobody(struct archive_entry *entry, struct err *err)
{
	struct archive_entry *copy;
	int type, permset, tag, id;
	const char *name;

	if (!(archive_entry_acl_types(entry) & ARCHIVE_ENTRY_ACL_TYPE_POSIX1E))
		return 0;
	copy = archive_entry_clone(entry);
	if (!copy)
		return err_nomem(err);
	archive_entry_acl_clear(entry);
	archive_entry_acl_reset(copy, ARCHIVE_ENTRY_ACL_TYPE_POSIX1E);
	while (archive_entry_acl_next(copy, ARCHIVE_ENTRY_ACL_TYPE_POSIX1E, &type, &permset, &tag, &id, &name) == ARCHIVE_OK)
		if (id != -1 || (tag != ARCHIVE_ENTRY_ACL_USER && tag != ARCHIVE_ENTRY_ACL_GROUP))
			archive_entry_acl_add_entry(entry, type, permset, tag, id, name);
	archive_entry_free(copy);
	return 0;
}
