/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an attach is handed: the payload of the WIRE_ATTACH reply. The descriptors come with the same packet, in this order:
 * init's pidfd, its n_cgroups cgroup folders (O_PATH, the v2 one first when cgroup_v2), the seccomp filter when
 * has_seccomp. */
#ifndef MGR_WIRE_ATTACH_H
#define MGR_WIRE_ATTACH_H

#include <stdint.h>

#include "wire/handover.h"

#define WIRE_ATTACH_FDS (2 + HANDOVER_HIERARCHIES)

/* The request may say more. */
struct wire_attach_ask {
	uint32_t files; /* no process is to run inside, only files are worked on: a frozen container does not refuse that */
};

struct wire_attach {
	int32_t init_pid;
	uint32_t init_uid; /* container root as the host sees it */
	uint64_t cap_keep; /* bounding set, bit n = capability n */
	uint32_t no_new_privs;
	uint32_t idmapped; /* has a user namespace of its own */
	uint32_t n_cgroups;
	uint32_t cgroup_v2;   /* the first folder is the v2 one */
	uint32_t has_seccomp; /* the last descriptor is a sealed memfd of struct sock_filter[] */
};

#endif
