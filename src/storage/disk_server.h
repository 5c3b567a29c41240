/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that serve qcow2 disks, in three parts: what /run/mgr/.disk/ID says of one (disk_state.c), starting one with
 * its device (disk_server.c), and mounting what it serves (disk_served.c). */
#ifndef MGR_STORAGE_DISK_SERVER_H
#define MGR_STORAGE_DISK_SERVER_H

#include "storage/disk_internal.h"

#define DISK_SERVER  "server" /* in .disk/ID: locked by it to its end; its process id */
#define DISK_STATUS  "status" /* what it says then; locked by each run of a container on it */
#define DISK_ID_SIZE 64

struct disk_serving {
	const char *path;                   /* of the disk */
	const struct disk_service *service; /* NULL while it is looked at */
	const char *delta;                  /* a file for what is written, or NULL */
	const char *uuid;                   /* then: whose it is, and the server's */
	const struct disk *disk;            /* what is known of it */
	int file;                           /* it, open */
	bool looks;                         /* where its root file system is has to be found */
	int64_t wanted;                     /* then: which */
	int all, folder;                    /* .disk, .disk/new */
	struct disk_told {
		pid_t server;
		unsigned device;  /* /dev/loopN */
		bool shared;      /* which others had already, with the server that it is of */
		struct disk disk; /* but for `from` */
	} * told;                 /* by the process that has the server's place; shared with it */
};

/* --- disk_state.c; folder: .disk ----------------------------------------------------------------------------------------
 */

/* It is there, or about to end. */
bool disk_is_served(int folder, const char *id);
/* Somebody has it in use; dir: .disk/ID. */
bool disk_is_used(int dir);
/* It is in use as long as what this returns is open. */
int disk_take_use(int folder, const char *id, struct err *err);
/* Its pidfd; -1: one that an earlier mgr has started does not say which process it is. */
int disk_watch(int folder, const char *id, int *ret, struct err *err);
/* Until one that is about to end has ended. */
int disk_await_end(int folder, const char *id, struct err *err);

/* --- disk_server.c -------------------------------------------------------------------------------------------------------
 */

/* What those of one partition of the disk are called. */
int disk_make_id(const struct disk_serving *s, uint64_t partition, char ret[static DISK_ID_SIZE], struct err *err);
/* The device of the one that others have, of a disk that nobody writes. */
int disk_find_device(const struct disk_serving *s, const struct disk *disk, const char *id, unsigned *ret_n);
/* A device of a new one, unless there turns out to be one; what is told is in *s->told. */
int disk_start_server(struct disk_serving *s, int folder, struct err *err);

#endif
