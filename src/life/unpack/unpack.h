/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-unpack: a stranger's archive becomes a container's root file system. */
#ifndef MGR_LIFE_UNPACK_UNPACK_H
#define MGR_LIFE_UNPACK_UNPACK_H

#include "base/err.h"
#include "ns/ns.h"

/* What the library needs of the host's files, before they are out of reach. */
void unpack_prepare(void);

/* Unpack the tar archive that `archive` reads into the working folder, which is this process's root. What an id map rules
 * out (device nodes) and what belongs to the machine that packed it (labels, trusted attributes) is left out, and standard
 * output has a line about it. Every other thing that cannot be had as it was packed is an error, and what was unpacked by
 * then stays for the caller to remove. */
int unpack(int archive, const struct idmap *map, struct str *ret_told, struct err *err);

#endif
