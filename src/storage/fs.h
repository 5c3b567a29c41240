/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* File systems in files: making, mounting, mending and resizing them. What can be done with the file alone is left to the
 * file system's own programs. */
#ifndef MGR_STORAGE_FS_H
#define MGR_STORAGE_FS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define FS_SUPER 1024

struct fs {
	const char *name;    /* as mount(2) has it */
	const char *package; /* of its programs, in Debian */
	const char *make[9]; /* the program that makes one, and what it is told; the file follows */
	uint64_t at;         /* where in the file stands */
	const char *magic;
	const char *also[2]; /* what its driver takes, too, as libblkid calls them */
	const char *needs;   /* options of each mount, each after a comma */
	const char *mend;    /* the program that mends one by hand */
	const char *look;    /* more of them, so that one that was not unmounted can be looked at as it is */
	uint64_t (*length)(const uint8_t *super); /* bytes, by FS_SUPER of them at `super` */
	uint64_t super;
	/* To that many bytes; root: its root folder, mounted. NULL: it cannot be done that way. */
	int (*grow)(int root, uint64_t size, struct err *err);
	int (*shrink)(int root, uint64_t size, struct err *err);
};

/* type NULL: the usual one. NULL with an error that lists what there is. */
const struct fs *fs_named(const char *type, struct err *err);
/* The same of what type= says in options as in rootfs.options. */
const struct fs *fs_wanted(const struct strv *options, struct err *err);
/* That which mounts what libblkid calls so; NULL: none of ours. */
const struct fs *fs_driving(const char *content);
/* What is in the file. -EMEDIUMTYPE: none of ours. */
int fs_probe(int file, const struct fs **ret, struct err *err);

/* An empty one, as long as the file is. */
int fs_make(const struct fs *fs, int file, struct err *err);
/* Mend it where it asks for that; always: also when it does not. Whoever calls has nobody else at the file. */
int fs_check(const struct fs *fs, int file, const char *path, bool always, struct err *err);
/* -EUCLEAN: the one in this file, where it begins at that offset, is damaged, and what mends it. */
int fs_say_damaged(const struct fs *fs, const char *path, uint64_t offset, struct err *err);
/* Is there room for all that mending it may take? Nothing is written. kept: the file, on the host's disk, that gets what is
 * written to `file`. lost: a run before has not kept all. -ENOSPC. fs_room.c. */
int fs_check_room(const struct fs *fs, int file, int kept, bool lost, const char *path, struct err *err);
/* A detached mount of what is on the device /dev/loopN. options: more of them; may be NULL. */
int fs_mount(const struct fs *fs, unsigned loop, const struct strv *options, struct err *err);
/* Make the one in the file so long, where it cannot be done with it mounted (its op is NULL). -EOPNOTSUPP: it cannot at
 * all. */
int fs_resize_file(const struct fs *fs, int file, const char *path, uint64_t size, struct err *err);

/* Bytes of the one in the file. */
int fs_measure(const struct fs *fs, int file, uint64_t *ret, struct err *err);
/* Does the one in the file lack what a program of its own would give it if it were to have `size` bytes? 1, 0. Some of the
 * end may be too little for it. */
int fs_lacks(const struct fs *fs, int file, uint64_t size, struct err *err);
/* The same as fs_mount of the one on the device `n`, open: first made to have `size` bytes, 0: as many as it has; to
 * shrink: also when it has more. */
int fs_mount_fitting(const struct fs *fs, int device, unsigned n, const char *path, const struct strv *options,
		     uint64_t size, bool shrink, struct err *err);

/* --- fs_size.c --------------------------------------------------------------------------------------------------------- */

uint64_t fs_length_ext4(const uint8_t *super);
uint64_t fs_length_xfs(const uint8_t *super);
uint64_t fs_length_btrfs(const uint8_t *super);
int fs_grow_ext4(int root, uint64_t size, struct err *err);
int fs_grow_xfs(int root, uint64_t size, struct err *err);
int fs_resize_btrfs(int root, uint64_t size, struct err *err);

#endif
