/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container sees: its root, /proc /sys /dev, entries and volumes. All of it but mount_dev_new runs in the child. */
#ifndef MGR_MOUNT_MOUNT_H
#define MGR_MOUNT_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

enum mount_cgroup {
	MOUNT_CGROUP_AUTO, /* v2 alone where the host has it, else v1 */
	MOUNT_CGROUP_V2,
	MOUNT_CGROUP_HYBRID,
	MOUNT_CGROUP_V1,
};

struct mount_conf {
	struct strv entry; /* fstab lines */
	enum mount_cgroup cgroup;
};

/* --- in the parent -------------------------------------------------------------------------------------------------- */

/* A detached tmpfs for /dev with real device nodes, all of it owned by these host ids. Made with host capabilities, because
 * the nodes of a tmpfs that a user namespace mounts cannot be opened. Returns its fd. */
int mount_dev_new(uid_t uid, gid_t gid, struct err *err);

/* A detached mount of the host's own /sys, read-only and without what is mounted in it: for a container that shares the
 * host's network, whose user namespace may mount none (user_namespaces(7)). Returns its fd. */
int mount_sys_of_host(struct err *err);

/* A detached mount of the host's securityfs, for a guest that loads AppArmor profiles of its own: no user namespace may
 * mount one. Returns its fd. */
int mount_securityfs_of_host(struct err *err);

/* A copy of a detached mount whose flags (read-only and the like) the container cannot change: they are locked in what a
 * user namespace gets from a more privileged one (mount_namespaces(7)), not in a mount that it is handed. Moves the mount
 * away; userns: the container's. Returns the copy's fd. Costs a process and two mount namespaces. */
int mount_lock(int tree, int userns, struct err *err);

/* --- in the child, in this order ------------------------------------------------------------------------------------ */

/* No mount from here on is seen by the host. */
int mount_part_from_host(bool privileged, struct err *err);

/* Make the detached mount `root` our root, with a fresh /proc and /sys (or the detached mount `sys`, unless that is -1), and
 * let go of the host's tree. Host paths mean nothing from here on; every path is the container's. */
int mount_enter_root(int root, int sys, struct err *err);

/* The same for now, while the host's tree stays, with `root` on its folder `below`. *ret_host: the host's root. */
int mount_enter_below(int root, int sys, const char *below, int *ret_host, struct err *err);
/* After that: every path is the host's again. */
int mount_see_host(int host, struct err *err);
/* Then: to what is mounted on `below`, for good. */
int mount_leave_host(const char *below, struct err *err);

/* /dev (the detached mount, or -1 to leave the image's), /dev/pts /dev/shm /dev/mqueue, and a tmpfs /run. */
int mount_api_folders(int dev, struct err *err);

/* The detached mount of mount_securityfs_of_host, where it is looked for. */
int mount_securityfs(int tree, struct err *err);

/* In a privileged container, where no id map protects them: read-only /proc/sys and the like. */
int mount_mask(struct err *err);

/* What systemd's container interface wants below /run/host. Text may be NULL: left out. */
int mount_run_host(const char *os_release, const char *uuid, struct err *err);

/* A pty of the container's devpts as /dev/console. Both ends, close-on-exec. */
int mount_console(int *ret_master, int *ret_peer, struct err *err);

/* Another one as /dev/ttyN: its master, and the number by which it is /dev/pts/NUMBER too. */
int mount_tty(unsigned n, int *ret_master, int *ret_number, struct err *err);

#endif
