/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [mount] entry: what else a container sees, in the form of fstab(5): SOURCE TARGET TYPE OPTIONS [0 0]. */
#ifndef MGR_MOUNT_ENTRY_H
#define MGR_MOUNT_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct mount_entry {
	char *source, *target, *type;
	bool bind, recursive;
	bool create_folder, create_file; /* make the target when it is absent */
	bool create;                     /* the same, whatever the source is */
	bool optional;                   /* what cannot be had is left out */
	bool relative;                   /* source is the container's */
	bool idmap;                      /* ids on it are the container's; else the host's */
	bool exposed;                    /* although others than root can come to it */
	bool trusted;                    /* although it leads to the manager's own */
	uint64_t set, clear;             /* MOUNT_ATTR_* */
	uint64_t propagation;            /* MS_PRIVATE and the like, 0: private */
	bool propagate_all;
	struct strv data; /* options of the file system's own */
};

/* -EINVAL with what is wrong with it. */
int mount_entry_parse(const char *text, struct mount_entry *ret, struct err *err);
void mount_entry_done(struct mount_entry *entry);

/* Has it a tree of the host's, made by the parent? Else the child makes all of it. */
bool mount_entry_is_hosts(const struct mount_entry *entry);
bool mount_entry_is_readonly(const struct mount_entry *entry);
/* Is its target this path, however either is written? */
bool mount_entry_is_on(const struct mount_entry *entry, const char *place);

/* In the parent: a detached tree, idmapped where it is to be. source: the open source of a bind mount (O_PATH), else -1;
 * userns: the container's, -1 without. Returns its fd. */
int mount_entry_tree(const struct mount_entry *entry, int source, int userns, struct err *err);

/* In the child, once its root is in place: put it there. tree: that of the parent, or -1. */
int mount_entry_attach(const struct mount_entry *entry, int tree, struct err *err);

#endif
