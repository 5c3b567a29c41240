/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File systems in files: making, mounting, mending and resizing them. What can be done with the file alone is left to the
 * file system's own programs. */
#ifndef MGR_STORAGE_FS_H
#define MGR_STORAGE_FS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct fs {
	const char *name;    /* as mount(2) has it */
	const char *package; /* of its programs, in Debian */
	const char *make[9]; /* the program that makes one, and what it is told; the file follows */
	uint64_t at;         /* where in the file stands */
	const char *magic;
	const char *options; /* of each mount: discard, so that what is removed gives its room back */
	/* To that many bytes; root: its root folder, mounted. NULL: it cannot be done that way. */
	int (*grow)(int root, uint64_t size, struct err *err);
	int (*shrink)(int root, uint64_t size, struct err *err);
};

/* Of options as in rootfs.options, what type= says; NULL: nothing. */
const char *fs_wanted(const struct strv *options);
/* type NULL: the usual one. NULL with an error that lists what there is. */
const struct fs *fs_named(const char *type, struct err *err);
/* What is in the file. -EMEDIUMTYPE: none of ours. */
int fs_probe(int file, const struct fs **ret, struct err *err);

/* An empty one, as long as the file is. */
int fs_make(const struct fs *fs, int file, struct err *err);
/* Mend it where it asks for that; always: also when it does not. Whoever calls has nobody else at the file. */
int fs_check(const struct fs *fs, int file, const char *path, bool always, struct err *err);
/* A detached mount of what is on the device /dev/loopN. options: more of them; may be NULL. */
int fs_mount(const struct fs *fs, unsigned loop, const struct strv *options, struct err *err);
/* Make the one in the file so long, where it cannot be done with it mounted (its op is NULL). -EOPNOTSUPP: it cannot at
 * all. */
int fs_resize_file(const struct fs *fs, int file, const char *path, uint64_t size, struct err *err);

/* --- fs_size.c --------------------------------------------------------------------------------------------------------- */

int fs_grow_ext4(int root, uint64_t size, struct err *err);
int fs_grow_xfs(int root, uint64_t size, struct err *err);
int fs_resize_btrfs(int root, uint64_t size, struct err *err);

#endif
