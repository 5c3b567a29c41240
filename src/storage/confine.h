/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the parser lives: namespaces of its own, a root with nothing in it but /fd (its own descriptors), nobody's ids, no
 * capability, no new privileges, so much memory and no more, and of system calls the few that it needs; any other kills it.
 */
#ifndef MGR_STORAGE_CONFINE_H
#define MGR_STORAGE_CONFINE_H

#include <stdbool.h>

#include "base/err.h"

#define CONFINE_MEMORY (128UL << 20) /* bytes of address space, libraries and stacks included; in mgr-qcow2(1) */

/* Needs root. Before the first byte is read, with the descriptors that are needed already open. locks: it will hold its
 * memory, and keeps CAP_IPC_LOCK until confine_rest. */
int confine_begin(bool locks, struct err *err);
/* When every layer has been opened: nothing more is opened then. Before there are threads. */
int confine_rest(struct err *err);

#endif
