/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a container's root file system comes from: one ops table a backend. */
#ifndef MGR_STORAGE_STORAGE_H
#define MGR_STORAGE_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct rootfs_conf {
	char *path; /* BACKEND:PATH, absolute */
	struct strv options;
	bool readonly, exposed;
	uint64_t size; /* bytes; 0: no limit of its own */
};

struct storage_backend {
	const char *name;
	/* Make an empty root at path. */
	int (*create)(const struct rootfs_conf *conf, const char *path, struct err *err);
	/* A detached mount of the root (open_tree), idmapped with `userns` unless that is -1. Returns its fd. */
	int (*mount)(const struct rootfs_conf *conf, const char *path, int userns, struct err *err);
	/* Undo what mount made outside (loop devices, servers); NULL when the fd is all. */
	int (*unmount)(const struct rootfs_conf *conf, const char *path, struct err *err);
	int (*destroy)(const struct rootfs_conf *conf, const char *path, struct err *err);
	int (*clone)(const struct rootfs_conf *from, const struct rootfs_conf *to, struct err *err); /* slot */
	int (*snapshot)(const struct rootfs_conf *conf, const char *name, struct err *err);          /* slot */
};

/* The backend that conf->path names and the path behind the colon. NULL with an error that lists what there is. */
const struct storage_backend *storage_find(const struct rootfs_conf *conf, const char **ret_path, struct err *err);

/* --- folders of the host that a container may write to ----------------------------------------------------------------- */

/* Can others than root come to what lies in this folder (an O_PATH descriptor will do)? 0 when it is below a folder that
 * only root may enter: root's own, its mode without an x for anybody else. Its own mode does not count, since the guest can
 * change it. 1 when it is not; -errno. The ancestors are those of the descriptor, over mount points up to this process's
 * root: that the same files are mounted elsewhere, in the open or in other mount namespaces, is not seen. */
int storage_exposed(int dir, struct err *err);

/* -EPERM when the folder is exposed, with a message that tells to use `unless` ("--exposed"): what the user says to have it
 * all the same. path is for the message. */
int storage_check_exposed(int dir, const char *path, const char *unless, struct err *err);

/* The same for a file, which lies in its folder: the mode of that counts too. */
int storage_check_exposed_file(const char *path, const char *unless, struct err *err);

/* Open the host's folder of this path (symlinks are followed; O_PATH), to hand it to a container that may write to it,
 * unless it is exposed. unless NULL: the user has said that it may be. */
int storage_open_folder(const char *path, const char *unless, struct err *err);

#endif
