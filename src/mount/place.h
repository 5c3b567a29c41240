/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a mount is by now, in a container that runs: its root may have moved it, or put others over it. */
#ifndef MGR_MOUNT_PLACE_H
#define MGR_MOUNT_PLACE_H

#include <stdint.h>

#include "base/err.h"

struct mount_place {
	char *path;   /* as the process sees it, allocated */
	uint64_t top; /* the mount that one comes to there: it, or what covers it */
};

/* text: /proc/PID/mountinfo, which is cut. id: of sys_mount_id. 1; 0 when that process does not see it. */
int mount_find_place(char *text, uint64_t id, struct mount_place *ret, struct err *err);
/* In the container: take the topmost mount away from there, used or not. dev, ino: what it is a mount of, unless dev is 0; a
 * number that is another mount's by now is left alone. -EBUSY when something else is there by now. */
int mount_clear_place(const struct mount_place *place, uint64_t dev, uint64_t ino, struct err *err);

#endif
