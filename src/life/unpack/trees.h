/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root file systems that an archive is packed from, or unpacked into: opened by a process that has the host's, one at a
 * time, for one that has nothing else. */
#ifndef MGR_LIFE_UNPACK_TREES_H
#define MGR_LIFE_UNPACK_TREES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "ns/ns.h"

struct trees {
	const char *name;    /* the container's */
	const char *store;   /* where containers are; NULL: the manager's own */
	struct strv paths;   /* BACKEND:PATH of each */
	struct strv folders; /* what it is in, "" when that does not matter */
	bool exposed;        /* rootfs.exposed, of the first */
	bool filled;         /* they are written to */
};

void trees_done(struct trees *trees);
/* Open those that are asked for, through the id map of this user namespace (-1: none), until the other end is closed. */
int trees_serve(const struct trees *trees, int peer, int userns, const struct idmap *map, struct err *err);

/* At the other end: open one; and make it the working folder. */
int trees_ask(int peer, size_t index, struct err *err);
int trees_enter(int peer, size_t index, struct err *err);

#endif
