/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk or an image that somebody made: which part of it is a root file system, and that part mounted, read-only, as what
 * containers stand on. */
#ifndef MGR_STORAGE_DISK_H
#define MGR_STORAGE_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

#define DISK_FILE "disk" /* in a container's folder: what create has found */

struct disk {
	uint64_t size, mtime;    /* of the file: bytes; ns since 1970 */
	uint64_t partition;      /* 0: all of it */
	uint64_t offset, length; /* bytes */
	char *fs;                /* "ext4" */
};
void disk_done(struct disk *disk);

/* Find the root file system of the disk in this file. wanted: the number of its partition, 0 for all of the disk; -1: the
 * one of GPT's type for this machine, else the only one that holds a root. -ENOTUNIQ lists what there is. */
int disk_find(const struct store *store, const char *path, int64_t wanted, struct disk *ret, struct err *err);

int disk_save(const struct disk *disk, int folder, struct err *err);
int disk_load(int folder, struct disk *ret, struct err *err);

/* Its root file system, mounted read-only, a detached mount: of all who want that, the same one. name: whose it is. -ESTALE
 * when the file is no longer what was found; -EROFS when the file system has to be recovered first. */
int disk_mount(const struct disk *disk, const char *path, const char *name, const struct store *store, struct err *err);

#endif
