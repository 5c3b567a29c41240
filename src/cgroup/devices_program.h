/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What devices_program.c and devices_bpf.c share: the map, and the program that looks things up in it. */
#ifndef MGR_CGROUP_DEVICES_PROGRAM_H
#define MGR_CGROUP_DEVICES_PROGRAM_H

#include <stdint.h>

#define DEVICE_PROGRAM "mgr_devices" /* the name of both */

struct map_key {
	uint32_t type; /* BPF_DEVCG_DEV_*; 0: the value says whether everything but the rest is allowed */
	uint32_t major, minor;
};

struct map_value {
	uint32_t access;
	uint32_t order;
};

/* Load the program that answers by this map. Returns its descriptor or -errno. */
int device_program_load(int map);

#endif
