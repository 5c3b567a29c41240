/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopping and resuming every process of a container. Nothing here waits: for whoever has an event loop. */
#ifndef MGR_CGROUP_FREEZE_H
#define MGR_CGROUP_FREEZE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct cgroup_freezer {
	int set;  /* cgroup.freeze, or v1's freezer.state */
	int look; /* what tells how far it is: cgroup.events, which says EPOLLPRI at each change; v1: the same freezer.state,
		     which has no event: look again and again */
	bool v2;
	int beside; /* v1's freezer.state on a host that has both, where others may have stopped it; else -1 */
};

/* Open it in the container's cgroup folders: v2's where the kernel has one, also where nothing else is in that hierarchy;
 * else v1's. -EOPNOTSUPP when none of them can freeze. */
int cgroup_freezer_open(struct cgroup_freezer *f, const int *folders, size_t n, struct err *err);
/* Takes one that was never opened, too, when its descriptors are -1. */
void cgroup_freezer_close(struct cgroup_freezer *f);
/* Ask the kernel to stop or to resume every process; to resume, in whatever hierarchy it was stopped. */
int cgroup_freezer_set(const struct cgroup_freezer *f, bool frozen, struct err *err);
/* 1: every process is stopped, in one hierarchy or another; 0: not (yet, or no longer); -errno. */
int cgroup_freezer_frozen(const struct cgroup_freezer *f);

#endif
