/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image of a container of backend loop. */
#ifndef MGR_STORAGE_LOOP_IMAGE_H
#define MGR_STORAGE_LOOP_IMAGE_H

#include <sys/types.h>

#include "base/keeper.h"
#include "storage/fs.h"
#include "storage/loopdev.h"
#include "storage/storage.h"

#define LOOP_IMAGE "rootfs.img" /* in the container's folder */

struct loop_image {
	char *path;
	int file; /* locked; -1 */
	const struct fs *fs;
	struct loopdev dev;
};

/* Where it is, allocated; NULL: no memory. */
char *loop_image_path(const struct storage_place *p);
/* Nobody else has it then; readonly: to write to it. loop_image_done also after a failure. */
int loop_image_lock(struct loop_image *i, const struct storage_place *p, bool readonly, struct err *err);
void loop_image_done(struct loop_image *i);
/* A detached mount of it. */
int loop_image_mount(const struct loop_image *i, const struct strv *options, struct err *err);

/* Of one that the container has mounted: its root folder, open. ret_device: of the loop device, open too. */
int loop_image_running(struct loop_image *i, const struct storage_place *p, int *ret_device, struct err *err);

/* --- loop_live.c: nothing in the file changes, and all is in it, of one that is mounted
 * ------------------------------------ */

int loop_freeze(struct loop_image *i, const struct storage_place *p, struct keeper *ret, struct err *err);
/* The same of one whose root folder is this. */
int loop_freeze_root(int root, struct keeper *ret, struct err *err);
/* -EIO: it may still be frozen. */
int loop_thaw(struct keeper *frozen, struct err *err);

/* --- loop_size.c ------------------------------------------------------------------------------------------------------- */

/* The op. */
int loop_resize(const struct storage_place *p, bool running, uint64_t size, struct err *err);
/* It, or the file system in it, is to be longer than it is, by a configuration that somebody has edited, or since a resize
 * was interrupted. */
int loop_settle_size(const struct loop_image *i, uint64_t size, struct err *err);

#endif
