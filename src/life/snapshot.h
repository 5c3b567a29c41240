/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container was: its files and its configuration at a time, .snap/NAME in its folder, with a root file system as the
 * backend makes it, "config" and perhaps "comment". Names are those of containers. */
#ifndef MGR_LIFE_SNAPSHOT_H
#define MGR_LIFE_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

#define SNAPSHOT_ALL "ALL" /* every one of them: no single one is called so */

struct snapshot {
	char name[STORE_NAME_MAX + 1];
	char *comment;    /* NULL: none */
	uint64_t created; /* CLOCK_REALTIME, ns */
	uint64_t size;    /* bytes that it takes */
};

struct snapshots {
	size_t n, room;
	struct snapshot *v; /* by time */
};

/* Make one of a container at rest, or with `live` also of one that runs, which stands still meanwhile. snapshot NULL:
 * "snapN" with the first N that is free. ret: its name. Interrupted as life_create. */
int life_snapshot(const struct store *store, const char *name, const char *snapshot, const char *comment, bool live,
		  char ret[static STORE_NAME_MAX + 1], struct err *err);
int life_snapshots(const struct store *store, const char *name, struct snapshots *ret, struct err *err);
void snapshots_done(struct snapshots *list);
/* The container, which is at rest, becomes what it was; its uuid, ids, hardware addresses and host name stay. When it fails
 * the container is as it was; interrupted, it is that or restored, whichever the next command that writes finds. */
int life_restore(const struct store *store, const char *name, const char *snapshot, struct err *err);
/* SNAPSHOT_ALL: all of them. What else stands on it is not changed, nor need the container be stopped. */
int life_snapshot_delete(const struct store *store, const char *name, const char *snapshot, struct err *err);

/* A name that a snapshot may be called by. */
int snapshot_check_name(const char *snapshot, struct err *err);
/* The folder of its snapshots, locked: nobody else makes, takes or removes one. container: its folder. Without `make`
 * -ENOENT when there is none. */
int snapshots_lock(int container, bool make, struct err *err);
/* One's folder, open. -ENOENT "there is no snapshot 'x'". */
int snapshot_open(int snapshots, const char *snapshot, struct err *err);

#endif
