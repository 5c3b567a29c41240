/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_DISK_INTERNAL_H
#define MGR_STORAGE_DISK_INTERNAL_H

#include "storage/disk.h"

#define DISK_RUN     ".disk" /* in /run/mgr */
#define DISK_PROGRAM MGR_BINDIR "/mgr-qcow2"

/* What mgr-disk says of one (storage/probe/main.c); "" where there is nothing. */
struct disk_part {
	uint64_t number; /* 0: all of the disk */
	uint64_t offset, length;
	const char *table, *type, *type_name, *name, *fs, *usage, *label;
};

struct disk_parts {
	size_t n;
	struct disk_part *v; /* the first is all of the disk */
	char *text;
};

int disk_probe(int fd, struct disk_parts *ret, struct err *err);
void disk_parts_done(struct disk_parts *parts);

/* Is there a root file system in this part of the disk? 1, 0, or why it cannot be looked at. */
int disk_has_root(int file, const char *path, const struct disk_part *part, struct err *err);
/* Fill in where the root file system is. probed: the file, or a device of it, which its reader, who is nobody, may read. */
int disk_look(int probed, int file, const char *path, int64_t wanted, struct disk *ret, struct err *err);
/* The file's size and time, which must be the same from then on. */
int disk_take_file(int file, const char *path, struct disk *ret, struct err *err);
int disk_check_file(int file, const char *path, const struct disk *disk, struct err *err);

/* DISK_RUN, made; and its lock, held while a device is looked for or made, so that there are never two of one; while
 * one is looked at, too. */
int disk_folder(const struct store *store, struct err *err);
int disk_lock(int folder, struct err *err);
/* Read-only. */
int disk_mount_device(unsigned n, const struct disk *disk, const char *path, struct err *err);

int disk_map_ids(const struct storage_place *p, const struct disk *disk, int tree, int userns, struct err *err);

#endif
