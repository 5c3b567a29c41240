/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [start]: whether and when mgr-autostart starts a container. It is no matter of the container's run, so of no room. */
#ifndef MGR_SPEC_START_H
#define MGR_SPEC_START_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"

struct start_conf {
	bool by_itself; /* the key auto */
	uint64_t order;
	uint64_t delay;       /* ns, behind it */
	uint64_t idle_freeze; /* ns without a connection; 0: never */
};

extern const struct section start_section;

#endif
