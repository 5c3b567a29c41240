/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-unpack --pack: a container becomes an archive. */
#ifndef MGR_LIFE_UNPACK_PACK_H
#define MGR_LIFE_UNPACK_PACK_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

#define PACK_FORMAT "1"
#define PACK_ROOT   "rootfs" /* members: mgr/format, mgr/name, mgr/config, then the tree below this */

struct pack {
	const char *name;   /* of the container */
	const char *filter; /* "none", or libarchive's name of one that compresses */
	int config;         /* its configuration, to be read */
	int out;            /* the archive */
	int progress;       /* lines as in progress.h, bytes of files; -1: nobody is interested */
	bool nodes;         /* it may have device nodes */
};

/* Pack the working folder, which is this process's root. ret_told: what was left out. */
int pack(const struct pack *what, struct str *ret_told, struct err *err);

#endif
