/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts that are made before they have a place: open_tree(2), fsmount(2), mount_setattr(2), move_mount(2). A kernel before
 * 5.12 lacks some of these; then they are made by mount(2) in a hidden folder, the stage, of the mount namespace that they
 * are for, and moved from there. A mount is an O_PATH descriptor of its root. All return -errno. */
#ifndef MGR_BASE_MNT_H
#define MGR_BASE_MNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sys.h"

/* Is a stage needed? */
bool mnt_is_old(void);

/* Is one needed, and there is none: then nothing can be mounted. */
bool mnt_lacks_stage(void);

/* Make this mount namespace's stage on a folder, in whose tree it stays. What is mounted must be private or slave. */
int mnt_stage(const char *path);
/* The same in a mount namespace of this process's own, from here on. */
int mnt_stage_apart(const char *path);

/* Of a file system; options: of its own, "ro" among them, parted by commas, or NULL; attr: MOUNT_ATTR_*. The error is the
 * reason alone, in the file system's words where it has any. */
int mnt_new(const char *type, const char *source, const char *options, unsigned attr, struct err *err);
/* Of what a descriptor stands for, with what is mounted below or without. */
int mnt_copy(int what, bool recursive);
/* -EOPNOTSUPP where it takes mount_setattr(2): to map ids, and to set flags of a whole tree. */
int mnt_set(int mount, const struct mount_attr *attr, bool recursive);
/* Put it on what target stands for. */
int mnt_move(int mount, int target);

/* An option that is the mount's, not the file system's: "ro", "noatime", "exec"; into what mount_setattr(2) is to set and
 * clear. false: it is none. */
bool mnt_flag(const char *word, uint64_t *set, uint64_t *clear);

/* For what can be made only where its parts are mounted: fn runs in a child, in a mount namespace of its own that ends with
 * it, the working folder an empty one that it may mount in; absolute paths are as they were. What it returns, a descriptor
 * or -errno, is what this returns. Not for a kernel that needs a stage. */
typedef int mnt_apart_fn(void *data, struct err *err);
int mnt_apart(mnt_apart_fn *fn, void *data, struct err *err);

#endif
