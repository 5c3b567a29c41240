/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a container's root file system comes from: one ops table a backend. */
#ifndef MGR_STORAGE_STORAGE_H
#define MGR_STORAGE_STORAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "store/store.h"

struct rootfs_conf {
	char *path; /* BACKEND:PATH, absolute */
	struct strv options;
	bool readonly, exposed;
	uint64_t size; /* bytes; 0: no limit of its own */
};

/* Whose root it is. Nothing in it is owned. */
struct storage_place {
	const struct rootfs_conf *conf;
	const char *path; /* of conf->path, what is behind the colon */
	const struct store *store;
	const char *name, *uuid;
	int folder; /* the container's, its claim's or its snapshot's, open; -1: there is none, and the path is all */
	const struct storage_note *note;
	bool live; /* it runs, and its processes stand still */
};

/* Hears, before it is made, what close() is to undo when whoever calls is not there any more. NULL: nothing outlives the
 * descriptors that open() returns. */
struct storage_note {
	int (*fn)(void *data, const char *object, struct err *err);
	void *data;
};

/* The same container's in another folder; where in it, the op says. */
struct storage_place storage_place_in(const struct storage_place *p, int folder);

#define STORAGE_RANGES 8
#define STORAGE_SHIFT                                                                                                       \
	"shift" /* in a container's folder: its ids on disk are, or become, those that the host has for them                \
		 */

struct storage_range {
	bool gid; /* else uid */
	uint32_t inside, outside, count;
};

struct storage_map {
	size_t n;
	struct storage_range v[STORAGE_RANGES];
};

/* What the root is seen through. */
struct storage_ids {
	int userns;             /* its id map is put on the mount; -1: ids as on disk */
	uint32_t uid, gid;      /* container root's on the host */
	struct storage_map map; /* that map, for a root that no mount can map; empty: it is refused */
};

struct storage_mount {
	int tree;     /* the root: a detached mount (base/mnt.h) */
	int served;   /* readable once the process that its disk is served by has ended; -1: there is none */
	int use;      /* a lock, to be held as long as it is mounted; -1: there is none */
	bool own;     /* a file system of its own: synced before it goes, whose errors nobody else would tell */
	pid_t server; /* a process that was started for it, not to end with whoever started it; 0 */
};

/* An op that a backend does not have is NULL. All return -errno. */
struct storage_backend {
	const char *name;
	const char *own; /* in a container's folder: what rootfs.path names there */
	bool on_base;    /* it stands on an image */
	bool on_disk;    /* on a file of the user's, which rootfs.path names (storage/disk.h) */
	bool apart;      /* there is no folder with its root but while it is open */
	bool shares;     /* copy is what fork is, where that can be */
	uint64_t size;   /* bytes of one that is not told how many; 0: no more than the host has */
	/* Is it known to work in this store, so that it may be had unasked: 0, or the reason (-EOPNOTSUPP). NULL: anywhere.
	 */
	int (*check)(const struct store *store, struct err *err);
	/* An empty root in p->folder, to be filled through open. base: ID of the image that it stands on, or NULL. */
	int (*create)(const struct storage_place *p, const char *base, struct err *err);
	/* The caller closes what is in *ret. */
	int (*open)(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
		    struct err *err);
	/* Undo what a note said, with all descriptors closed: wait until it has gone. It may come twice, and when nothing is
	 * there. name: the container's. 1: it has gone, and err says what was lost. NULL: there are no notes. */
	int (*close)(const char *name, const char *object, uint64_t deadline, struct err *err);
	/* All of it once more in to->folder, which has no root yet. *ret_path: what rootfs.path is to say there, allocated.
	 */
	int (*copy)(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err);
	/* The same without copying what there is: both stand on it from then on. `from` stays itself at whatever point this
	 * ends. -EOPNOTSUPP with the reason. */
	int (*fork)(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err);
	bool fork_live; /* also while it runs */
	/* Others can stand on it when it has become one of the backend `as`: what `own` is there is then `part` of an image.
	 * ready: 1: it is at rest and on disk, and can become that; 0: fork does without. NULL: it is ready always. */
	struct {
		const char *as, *part;
		int (*ready)(const struct storage_place *p, struct err *err);
	} thin;
	/* Make it so many bytes large, 0: as large as there is room. running: it is open; else the caller has the
	 * container's lock. -EOPNOTSUPP with the reason and what can be done. What an interrupted one leaves is whole, and
	 * done by another one. */
	int (*resize)(const struct storage_place *p, bool running, uint64_t size, struct err *err);
	/* The user's file that it stands on has been written since, and it is to stand on that as it is: 1, 0 when it does.
	 * At rest. */
	int (*take)(const struct storage_place *p, struct err *err);
	/* Bytes that it takes of the host. -ENODATA, without a message: nobody counts, and its files are to be looked at. */
	int (*usage)(const struct storage_place *p, uint64_t *ret);
};

/* What was written to a mount is where it is kept, before it is let go of: a file system of its own goes without a word of
 * what it loses then. folder: that has what keeps it. */
int storage_sync(const struct storage_mount *mount, int folder, struct err *err);

/* NULL with an error that lists what there is. */
const struct storage_backend *storage_named(const char *name, struct err *err);
/* The backend that conf->path names and the path behind the colon. NULL with an error that lists what there is. */
const struct storage_backend *storage_find(const struct rootfs_conf *conf, const char **ret_path, struct err *err);
/* Its op copy, or fork when thin. -EOPNOTSUPP when it has none. */
int storage_copy(const struct storage_backend *backend, const struct storage_place *from, const struct storage_place *to,
		 bool thin, char **ret_path, struct err *err);
/* All of it in to->folder, as another backend keeps it. */
int storage_across(const struct storage_backend *was, const struct storage_place *from, const struct storage_backend *is,
		   const struct storage_place *to, char **ret_path, struct err *err);
/* Its op resize. -EOPNOTSUPP when it has none. */
int storage_resize(const struct storage_backend *backend, const struct storage_place *p, bool running, uint64_t size,
		   struct err *err);

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
