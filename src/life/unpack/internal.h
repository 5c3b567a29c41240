/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_LIFE_UNPACK_INTERNAL_H
#define MGR_LIFE_UNPACK_INTERNAL_H

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"
#include "ns/ns.h"

/* Owner, group and ACL of the entry, in ids that the map has; -EOVERFLOW, or -ENOENT for a name that has none. */
int unpack_owner(const struct idmap *map, struct archive_entry *entry, struct err *err);
/* -EINVAL, naming it, when it leads out of the root. */
int unpack_check_paths(struct archive_entry *entry, struct err *err);
/* Of an exported container: which tree it is of, the container's (0) or a snapshot's; it has its path there then. -EINVAL
 * when it is of none, or would make the top of one something else. */
int unpack_find_place(struct archive_entry *entry, const struct strv *snapshots, struct err *err);

/* An extended attribute that unpack_owner takes for the ACL that it is. */
bool unpack_is_acl(const char *attribute);

/* Only what the library unpacks by itself: where it would run a program it warns, and that program would be the guest's. */
int unpack_formats(struct archive *from, struct err *err);

/* What libarchive says, and the system's reason where there is one. path may be NULL. */
int unpack_say(struct err *err, struct archive *from, const char *what, const char *path);

/* Something that was left out: how many, and the first. */
struct left_out {
	const char *what;
	size_t n;
	char *first;
};
int unpack_leave_out(struct left_out *left, const char *first, struct err *err);
/* A line about it, without what a terminal would obey; none when nothing was. */
void unpack_tell(const struct left_out *left, struct str *out);

/* Keeps the extended attributes that a container's root could set by itself. */
int unpack_choose_attributes(struct left_out *left, struct archive_entry *entry, struct err *err);
/* Takes away what its ACL allows to ids that are nobody inside: they have no number that another machine would know. */
int unpack_drop_nobody(struct archive_entry *entry, struct err *err);
/* Without what it begins with that leads nowhere. */
const char *unpack_plain(const char *path);
/* Each container's /dev is mgr's own, so that nobody misses what would be below it. */
bool unpack_is_below_dev(const char *path);

#endif
