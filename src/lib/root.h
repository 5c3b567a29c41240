/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's files, for a process of ours to work on. */
#ifndef MGR_LIB_ROOT_H
#define MGR_LIB_ROOT_H

#include "attach/inside.h"
#include "base/err.h"
#include "store/store.h"

/* Where it works: with the supervisor's help while the container runs, with mgr-boot's while it is at rest. A start or stop
 * that is under way is waited for. inside_done frees it; at rest, the container can be started from then on. */
int lib_root(const struct store *store, const char *name, struct inside *ret, struct err *err);

#endif
