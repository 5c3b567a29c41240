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

#define CONFINE_FILE    3 /* the one file of such a program, open to read and write: /fd/3 */
#define CONFINE_FILE_AT "/fd/3"

#define CONFINE_FAILED 125 /* mgr-fs, which does this, ends so when it cannot */

/* Become a program of others' (argv[0]: its path), which knows no descriptor: the same but for its memory, and what it can
 * see of the host's files, which are programs and libraries, to be read alone. Which it opens itself is CONFINE_FILE, and it
 * makes that no longer. In a process of its own, in a namespace for processes. seconds: of the processor's time. Returns
 * when it cannot be. */
int confine_program(const char *const argv[], unsigned seconds, struct err *err);

#endif
