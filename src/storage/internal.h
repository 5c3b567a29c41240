/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The backends: one file each. */
#ifndef MGR_STORAGE_INTERNAL_H
#define MGR_STORAGE_INTERNAL_H

#include "storage/storage.h"

extern const struct storage_backend storage_block, storage_btrfs, storage_dir, storage_disk, storage_loop, storage_overlay,
	storage_qcow2;

int overlay_create(const struct storage_place *p, const char *base, struct err *err);
int overlay_copy_op(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err);
int overlay_fork_op(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err);

/* The ops of an overlay. on_image: it must stand on one. */
int overlay_copy(const struct storage_place *from, const struct storage_place *to, bool on_image, struct err *err);
int overlay_fork(const struct storage_place *from, const struct storage_place *to, bool on_image, struct err *err);
/* All of it over `below`, a detached mount with its ids mapped (stays the caller's); -1: its images are all. */
int overlay_open(const struct storage_place *p, const struct storage_ids *ids, int below, struct storage_mount *ret,
		 struct err *err);

/* A root that is a folder of the host's, open: not one that is exposed, unless that is said or does no harm. */
int storage_open_root(const struct rootfs_conf *conf, const char *path, bool harmless, struct err *err);
/* The same to be read, or told something of: harmless. */
int storage_read_root(const struct storage_place *p, struct err *err);
/* The op open of such a one. */
int storage_mount_folder(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
			 struct err *err);

/* How many bytes folders may hold together, with all that is in them: by project quota, where their file system has that
 * (ext4, xfs). path: for messages. The second refuses what is less than they have. */
int storage_bound_folders(const int *dirs, size_t n, const char *path, bool running, uint64_t size, struct err *err);
int storage_resize_folders(const int *dirs, size_t n, const char *path, bool running, uint64_t size, struct err *err);
/* Bytes; dir: the first. -ENODATA: nobody counts. */
int storage_taken(int dir, uint64_t *ret);
/* The ops resize and usage of a root that is a folder. */
int storage_resize_folder(const struct storage_place *p, bool running, uint64_t size, struct err *err);
int storage_folder_usage(const struct storage_place *p, uint64_t *ret);

/* Of one that is what has been changed, over something else (storage/overlay.c): what that may be. */
int storage_bound_delta(const struct storage_place *p, struct err *err);
int storage_resize_delta(const struct storage_place *p, bool running, uint64_t size, struct err *err);
int storage_delta_usage(const struct storage_place *p, uint64_t *ret);

/* The op take (storage/disk_take.c). */
int disk_take(const struct storage_place *p, struct err *err);
int disk_take_served(const struct storage_place *p, struct err *err);
int block_take(const struct storage_place *p, struct err *err);

/* Has its last run, or one before that, lost something which nothing has made good (store/last.h)? */
bool storage_had_loss(const struct storage_place *p);

/* -ENOSPC when it takes more than it is to have. */
int storage_check_fits(uint64_t used, uint64_t size, struct err *err);

/* The file as a new one, to/name, sparse as it is; to share: nothing is copied, or -EOPNOTSUPP. */
int storage_copy_file(int from, int to, const char *name, struct err *err);
int storage_share_file(int from, int to, const char *name, struct err *err);
/* Can files in this folder, open, share what is in them? 1, 0. */
int storage_can_share(int folder, struct err *err);

/* All that is in the folder `from` as the new folder to/name, with whatever a file has; what is mounted below it
 * stays out. */
int storage_copy_tree(int from, int to, const char *name, struct err *err);

#endif
