/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [mount]. */
#include "mount/keys.h"

#include "mount/mount.h"

static const char *const cgroup_names[] = {
	[MOUNT_CGROUP_AUTO] = "auto",
	[MOUNT_CGROUP_V2] = "v2",
	[MOUNT_CGROUP_HYBRID] = "hybrid",
	[MOUNT_CGROUP_V1] = "v1",
	NULL,
};

static const struct key keys[] = {
	{ .name = "cgroup",
	  .type = &key_enum,
	  .off = offsetof(struct mount_conf, cgroup),
	  .def = "auto",
	  .names = cgroup_names,
	  .help = "Cgroup file systems inside; auto: v2 alone where the host has it, else v1." },
	{ 0 },
};

const struct section mount_section = { .name = "mount", .keys = keys };
