/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk or an image that somebody made: which part of it is a root file system, and that part mounted, read-only, as what
 * containers stand on. */
#ifndef MGR_STORAGE_DISK_H
#define MGR_STORAGE_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proc.h"
#include "storage/storage.h"

#define DISK_FILE "disk" /* in a container's folder: what create has found */

struct disk {
	uint64_t size, mtime;    /* of the file: bytes; ns since 1970 */
	uint64_t partition;      /* 0: all of it */
	uint64_t offset, length; /* bytes */
	uint64_t whole;          /* of all of the disk; 0: not known */
	uint64_t in_place;       /* 1: it is written, by one container; else it is only read */
	uint64_t below;          /* state of what a qcow2 disk stands on; 0: not known */
	char fs[32];             /* "ext4" */
	char *from;              /* of a qcow2 disk: the folder where what it stands on may be, too; or NULL */
};
void disk_done(struct disk *disk);

/* Find the root file system of the disk in this file. wanted: the number of its partition, 0 for all of the disk; -1: the
 * one of GPT's type for this machine, else the only one that holds a root. -ENOTUNIQ lists what there is. */
int disk_find(const struct store *store, const char *path, int64_t wanted, struct disk *ret, struct err *err);
/* The same of a qcow2 disk; ret->from says what it may stand on. A descriptor: as long as it is open what was started to
 * look is there for who mounts it. */
int disk_find_served(const struct store *store, const char *path, int64_t wanted, struct disk *ret, struct err *err);

int disk_save(const struct disk *disk, int folder, struct err *err);
int disk_load(int folder, struct disk *ret, struct err *err);

/* Its root file system, mounted read-only, a detached mount: of all who want that, the same one. name: whose it is. -ESTALE
 * when the file is no longer what was found; -EROFS when the file system has to be recovered first. */
int disk_mount(const struct disk *disk, const char *path, const char *name, const struct store *store, struct err *err);

/* Of a qcow2 disk, which a process serves that all who want it share, unless one has a delta of blocks: that has its own. */
#define DISK_UNREAD "files could not be read any more: the server of its disk was killed"

struct disk_service {
	const char *delta, *uuid;        /* the file that takes what is written, and the container's; or NULL */
	const char *top;                 /* then: what that stands on, when it is not the disk */
	bool raw;                        /* which is all of a file system */
	const struct strv *from;         /* folders of what that stands on */
	uint64_t size;                   /* bytes that its file system is to have; 0: it is as it is */
	bool shrink;                     /* also when it has more */
	bool lost;                       /* a run before has not kept all */
	const struct strv *options;      /* then: it is mounted with */
	const struct storage_note *note; /* is told its folder, for disk_release */
	const struct fs *fs;             /* what is mounted; NULL: it did not come to that */
	uint64_t length;                 /* bytes that it has now; 0: not known */
	int use;                         /* lock: it is in use; -1 without a note */
	int served;                      /* readable once the process has ended; -1 without a note */
	pid_t server;                    /* started by this; 0 */
};
int disk_mount_served(const struct disk *disk, const char *path, const struct store *store, struct disk_service *service,
		      struct err *err);
/* -EOPNOTSUPP: mgr was built without the server. */
int disk_check_server(struct err *err);
/* Nobody has it mounted any more, as far as the caller knows: wait until its server has ended, unless others use it. own:
 * none can, and it must. 1: it did not end well, and err says what that means. */
int disk_release(const char *folder, bool own, uint64_t deadline, struct err *err);

/* All of a disk, which has no file out of its own and these folders, as the new file folder/name, with holes. */
int disk_convert_all(const char *path, const struct strv *from, int folder, const char *name, struct err *err);
/* The file system that is on a qcow2 disk, as the new file folder/name, with holes. */
int disk_convert(const struct disk *disk, const char *path, int folder, const char *name, proc_progress_fn *progress,
		 void *data, struct err *err);

#endif
