/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_CONFINE_INTERNAL_H
#define MGR_STORAGE_CONFINE_INTERNAL_H

#include <stdint.h>

#include "storage/confine.h"

#define CONFINE_NOBODY 65534
#define CONFINE_ROOT   "/dev" /* any host has that folder to mount on; nobody else sees it */

/* Which system calls are to be had; a new process is none of them, a thread is one. */
enum confine_calls {
	CONFINE_WORKS,   /* reading, unpacking and writing; any other ends the process */
	CONFINE_OPENS,   /* the same, and what opening takes */
	CONFINE_PROGRAM, /* what another program takes to start and to work on one file or block device; there is no other */
};

int confine_filter(enum confine_calls calls, struct err *err);
/* Namespaces of its own but for processes, and a root for them at CONFINE_ROOT, with /fd: libraries open by path. */
int confine_make_root(struct err *err);
int confine_enter_root(struct err *err);
/* With these capabilities, and no new ones. */
int confine_become_nobody(uint32_t kept, struct err *err);
/* All but these capabilities; they do not outlive a change of ids unless that is said first. */
int confine_keep_caps(uint32_t kept, struct err *err);

#endif
