/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_DISK_INTERNAL_H
#define MGR_STORAGE_DISK_INTERNAL_H

#include <sys/stat.h>

#include "storage/disk.h"

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
/* Held while a device is looked for or made, so that there are never two of one; while one is looked at, too. */
int disk_lock(const struct store *store, struct err *err);
/* What a struct disk has of it. */
uint64_t disk_mtime(const struct stat *st);
/* Open its file, locked as others' that read it: -ESTALE when it has changed. */
int disk_open_file(const struct disk *disk, const char *path, const char *name, struct err *err);

#endif
