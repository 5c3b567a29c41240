/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_LIFE_UNPACK_INTERNAL_H
#define MGR_LIFE_UNPACK_INTERNAL_H

#include <archive_entry.h>

#include "base/err.h"
#include "ns/ns.h"

/* Owner, group and ACL of the entry, in ids that the map has; -EOVERFLOW, or -ENOENT for a name that has none. */
int unpack_owner(const struct idmap *map, struct archive_entry *entry, struct err *err);
/* An extended attribute that unpack_owner takes for the ACL that it is. */
bool unpack_is_acl(const char *attribute);

#endif
