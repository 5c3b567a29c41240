/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-unpack: a stranger's archive becomes a container's root file system. */
#ifndef MGR_LIFE_UNPACK_UNPACK_H
#define MGR_LIFE_UNPACK_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "ns/ns.h"

/* What the library needs of the host's files, before they are out of reach. */
void unpack_prepare(void);

struct unpack_how {
	const struct idmap *map;
	bool exported; /* it is from mgr-export: what is below rootfs/ alone, and no device node that the map rules out */
	uint64_t size; /* bytes of files that it may have; 0: what there is room for, less a twentieth. exported alone */
	uint64_t room; /* bytes of all trees together, each of which is a file system of its own; 0: they share one */
	const struct strv *snapshots; /* and what is of these: each has its tree */
	/* Make the container's tree (0) or a snapshot's (1 and so on) the working folder. */
	int (*enter)(size_t index, struct err *err);
	int progress; /* lines as in progress.h, bytes of the archive, which is a file; -1: nobody is interested */
};

/* Unpack the tar archive that `archive` reads into the working folder, which is this process's root. What an id map rules
 * out (device nodes) and what belongs to the machine that packed it (labels, trusted attributes) is left out, and standard
 * output has a line about it. Every other thing that cannot be had as it was packed is an error, and what was unpacked by
 * then stays for the caller to remove. */
int unpack(int archive, const struct unpack_how *how, struct str *ret_told, struct err *err);

/* What the archive of an exported container begins with, added as about.h has it. */
int unpack_head(int archive, struct str *ret, struct err *err);

#endif
