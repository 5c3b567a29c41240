/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces and id maps. */
#ifndef MGR_NS_NS_H
#define MGR_NS_NS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

#define IDMAP_RANGES 8

enum idmap_mode {
	IDMAP_AUTO, /* until create writes the range that it was given */
	IDMAP_NONE, /* privileged: no user namespace */
	IDMAP_MAP,
};

struct idmap_range {
	bool gid; /* else uid */
	uint32_t guest, host, count;
};

struct idmap {
	enum idmap_mode mode;
	size_t n;
	struct idmap_range v[IDMAP_RANGES];
};

struct container_conf {
	char *uuid, *arch;
	struct idmap idmap;
	bool no_new_privs, ephemeral, autodev;
	struct strv group;
};

struct uts_conf {
	char *name;
};

/* Host id of a guest's id; UINT32_MAX when it has none. */
uint32_t idmap_to_host(const struct idmap *map, bool gid, uint32_t guest);

/* What idmap_to_host gives for container root; 0 in a privileged container. */
uint32_t idmap_root(const struct idmap *map, bool gid);

/* --- made by the parent, before anything runs inside ---------------------------------------------------------------- */

struct ns_clone {
	const struct idmap *map;
	int cgroup;   /* v2 folder for CLONE_INTO_CGROUP, or -1 */
	bool own_net; /* a network namespace of its own */
};

/* fork() into new namespaces (all but the cgroup one: that is unshared by the child once it has been put into every cgroup).
 * The user namespace is made by container root's own host id, so that per-user limits of the kernel count there and not on
 * root. Returns 0 in the child; in the parent its pid, with a pidfd. */
pid_t ns_clone(const struct ns_clone *how, int *ret_pidfd, struct err *err);

/* Write the child's uid_map and gid_map, and open its user namespace for idmapped mounts (-1 with IDMAP_NONE). */
int ns_map_ids(pid_t child, const struct idmap *map, int *ret_userns, struct err *err);

/* --- in the child --------------------------------------------------------------------------------------------------- */

/* Become container root and ask to be killed when the parent dies. Cleared by any later change of ids. */
int ns_become_root(const struct idmap *map, struct err *err);
int ns_set_hostname(const char *name, struct err *err);
/* A session keyring of its own instead of the one that was inherited from the host. */
int ns_leave_keyring(struct err *err);

#endif
