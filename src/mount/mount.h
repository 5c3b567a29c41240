/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container sees: its root, /proc /sys /dev, entries and volumes. All of it runs in the child. */
#ifndef MGR_MOUNT_MOUNT_H
#define MGR_MOUNT_MOUNT_H

#include "base/err.h"
#include "base/str.h"

enum mount_cgroup {
	MOUNT_CGROUP_AUTO, /* v2 alone where the host has it, else v1 */
	MOUNT_CGROUP_V2,
	MOUNT_CGROUP_HYBRID,
	MOUNT_CGROUP_V1,
};

struct mount_conf {
	struct strv automount; /* [mount] auto */
	struct strv entry;     /* fstab lines */
	enum mount_cgroup cgroup;
};

#endif
