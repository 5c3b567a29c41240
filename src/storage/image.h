/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What containers stand on: trees that nobody writes to, each once in a store, STORE/.images/ID/:
 *
 *     id      a file whose text is ID; every delta and image that stands on this one has a hard link to it, called base
 *     upper   the tree; or
 *     blocks  what has been changed of a disk (storage/qcow2/delta.h); or
 *     file    all of a file system
 *     base    as in a delta, when it stands on another
 *
 * The links are the references: none can be stale, and who removes a container's folder has let go of its base. */
#ifndef MGR_STORAGE_IMAGE_H
#define MGR_STORAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

#define IMAGE_ID_SIZE 64
#define IMAGE_DELTA   "delta" /* in a container's folder, or a snapshot's: what stands on an image */
#define IMAGE_BASE    "base"
#define IMAGE_TREE    "upper"
#define IMAGE_BLOCKS  "blocks"
#define IMAGE_FILE    "file"

/* Open its folder (O_RDONLY). -ENOENT. */
int image_open(const struct store *store, const char *id, struct err *err);
/* Its folder's, allocated. */
char *image_path(const struct store *store, const char *id);
/* The link `name` in the folder, to what it names: 1 with its ID, 0 when it is not there. */
int image_read(int folder, const char *name, char ret[static IMAGE_ID_SIZE], struct err *err);
/* Make that link. From then on the image stays. -ENOENT when it has just gone. */
int image_link(const struct store *store, const char *id, int folder, const char *name, struct err *err);

/* --- those that there are ---------------------------------------------------------------------------------------------- */

struct image {
	char id[IMAGE_ID_SIZE];
	char base[IMAGE_ID_SIZE]; /* what it stands on itself, or "" */
	struct strv keys;         /* what templates call it */
	uint64_t created;         /* CLOCK_REALTIME, ns */
	uint64_t users;           /* links to it */
	ino_t file;               /* that they are */
};

struct images {
	size_t n, room;
	struct image *v; /* by time */
};

int image_list(const struct store *store, struct images *ret, struct err *err);
void images_done(struct images *list);
/* What stands on it, added to the list: "web", "web (snapshot snap0)", the ID of an image, and how many others there are. */
int image_users(const struct store *store, const struct images *list, const struct image *image, struct strv *ret,
		struct err *err);
/* -EBUSY when something stands on it. */
int image_remove(const struct store *store, const char *id, struct err *err);
/* Remove what interrupted commands have left of images. */
int image_sweep(const struct store *store, struct err *err);

/* --- what containers have changed ---------------------------------------------------------------------------------------
 */

/* A delta of nothing, its tree a folder as `like` (open to read; -1: without a tree), which is to be linked to what it
 * stands on; open. */
int image_make_delta(int folder, const char *name, int like, struct err *err);
/* The same for blocks, without any. */
int image_make_blocks(int folder, const char *name, struct err *err);
/* A file that is to be an image's is on disk, its time of change too, which what stands on it wants to find again: a whole
 * second, since archives keep those. */
int image_settle_file(int file, struct err *err);
/* The delta of this name in the folder, whose owner is at rest and locked, becomes an image, and one of nothing that stands
 * on it takes its place at once: killed anywhere, the owner has all that it had. ret_id: that image; of a delta that has
 * changed nothing the one that it stands on. */
int image_freeze(const struct store *store, int folder, const char *name, char ret_id[static IMAGE_ID_SIZE],
		 struct err *err);
/* Has the delta anything of its own? */
int image_is_changed(int folder, const char *name, struct err *err);
/* How many images it stands on. */
int image_depth(const struct store *store, int folder, const char *name, struct err *err);
/* Make an image that has all of the tree and stands on none, and a delta of nothing on it in the folder; `instead` of the
 * one that is there, as image_freeze. */
int image_whole(const struct store *store, int tree, int folder, const char *name, bool instead, struct err *err);
/* The same with a file, which fill makes in the image's folder, and a delta of blocks. */
typedef int image_fill_fn(int image, void *data, struct err *err);
int image_whole_file(const struct store *store, image_fill_fn *fill, void *data, int folder, const char *name, bool instead,
		     struct err *err);
/* Prepare an image whose tree the folder `root` in the folder is to become, moved there by the caller (root NULL: it is to
 * be of a file), and a delta `name` of nothing on it; what an interrupted one left of that goes before. Until then it is
 * none that anything can stand on. */
int image_adopt(const struct store *store, int folder, const char *name, const char *root, char ret_id[static IMAGE_ID_SIZE],
		struct err *err);
/* Remove the images made so that nothing stands on any more, and what interrupted ones left; failures are logged. */
void image_drop_unused(const struct store *store);
/* Add up `size` of each image, from the base of the delta in the folder on, that nothing else stands on. */
int image_own(const struct store *store, int folder, const char *name,
	      int (*size)(char *path, uint64_t *ret, struct err *err), uint64_t *ret, struct err *err);

/* --- making one -------------------------------------------------------------------------------------------------------- */

/* What a template calls its base: 1 with the image that is it now, 0 when there is none. */
int image_find_key(const struct store *store, const char *key, char ret[static IMAGE_ID_SIZE], struct err *err);

struct image_new {
	int images, lock; /* .images; .images/.new/KEY, locked */
	char *key;
	char *path; /* of what is being made there, absolute: its `upper` is to be filled */
};
/* Begin one, unless it is there already: 1, with its ID. What an interrupted one left is gone before. -EAGAIN while another
 * command is at it. image_new_done also after a failure. */
int image_begin(const struct store *store, const char *key, struct image_new *ret, char ret_id[static IMAGE_ID_SIZE],
		struct err *err);
/* It is complete: it gets the name that its content has, and the key. */
int image_commit(const struct image_new *image, char ret_id[static IMAGE_ID_SIZE], struct err *err);
/* Removes what was not committed. */
void image_new_done(struct image_new *image);

#endif
