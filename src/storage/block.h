/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Backend block: a delta of blocks, in delta/blocks of the container's folder, and what it stands on. */
#ifndef MGR_STORAGE_BLOCK_H
#define MGR_STORAGE_BLOCK_H

#include <stdbool.h>

#include "base/str.h"
#include "storage/disk.h"
#include "storage/image.h"

struct block_below {
	char *top;        /* the file of an image; NULL: the disk itself */
	bool raw;         /* it is all of a file system */
	struct strv from; /* folders of the files below it */
};

/* Is a disk of the user's below it all? */
bool block_has_disk(const struct storage_place *p);
/* ret_disk: what is known of that; without one its length is 0. Both to be done with. */
int block_find_below(const struct storage_place *p, struct disk *ret_disk, struct block_below *ret, struct err *err);
void block_below_done(struct block_below *below);
/* What is behind it on the disk must not be in the way of the size that it is to have. */
int block_check_size(const struct storage_place *p, const struct disk *disk, struct err *err);
/* The delta's path, by the folder that it is in, which has another name until it is made; allocated. */
char *block_path(int folder);
/* 1: it stands on so many images that none can be added. */
int block_is_deep(const struct storage_place *p, struct err *err);

/* --- block_size.c: for who looks only ---------------------------------------------------------------------------------- */

/* What a mount has seen is kept beside the blocks, and goes with them into images. */
void block_keep_size(const struct storage_place *p, const char *fs, uint64_t size);
/* The same beside another one's; both: delta folders. */
void block_copy_size(int from, int to);
/* Of the container in this folder: what kind of file system it has, and how many bytes. -ENODATA: nothing says it. */
int block_find_size(const struct store *store, int folder, char ret_fs[static 32], uint64_t *ret_size);

/* --- block_copy.c ------------------------------------------------------------------------------------------------------ */

/* What it has written becomes an image, and it stands on that with nothing written; as image_freeze. Where that would be one
 * image too many, it gets one of all that it has; -ELOOP over a disk. */
int block_freeze(const struct storage_place *p, char ret_id[static IMAGE_ID_SIZE], struct err *err);
/* The ops. */
int block_copy(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err);
int block_fork(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err);

#endif
