/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far mgr-unpack is, told to who runs it. */
#ifndef MGR_LIFE_UNPACK_PROGRESS_H
#define MGR_LIFE_UNPACK_PROGRESS_H

#include <inttypes.h>
#include <stdbool.h>

#define PROGRESS_LINE "progress " /* a line that begins so is no word of it, but PROC_PROGRESS (base/proc.h) */

struct progress_out {
	int fd; /* -1: nobody is interested */
	uint64_t total, told_at;
};

/* About ten times a second, and when `now`. */
void progress_tell(struct progress_out *p, uint64_t done, bool now);

#endif
