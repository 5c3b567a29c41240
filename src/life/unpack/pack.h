/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-unpack --pack: a container becomes an archive. */
#ifndef MGR_LIFE_UNPACK_PACK_H
#define MGR_LIFE_UNPACK_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

#define PACK_FORMAT    "1"
/* Members: mgr/format, mgr/name, mgr/config, mgr/snapshots/S/{config,comment}; rootfs/...; snapshots/S/rootfs/... */
#define PACK_HEAD      "mgr/"
#define PACK_ROOT      "rootfs"
#define PACK_SNAPSHOTS "snapshots"

struct pack {
	const char *filter; /* "none", or libarchive's name of one that compresses */
	int about;          /* what it is to say about the container, to be read (about.h) */
	int out;            /* the archive */
	int progress;       /* lines as in progress.h, bytes of files; -1: nobody is interested */
	bool nodes;         /* it may have device nodes */
	/* Make the container's tree (0) or a snapshot's (1 and so on) the working folder. */
	int (*enter)(size_t index, struct err *err);
};

/* Pack the trees. ret_told: what was left out. */
int pack(const struct pack *what, struct str *ret_told, struct err *err);

#endif
