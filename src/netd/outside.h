/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_NETD_OUTSIDE_H
#define MGR_NETD_OUTSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct outside {
	size_t n;
	struct outside_way {
		char name[16];
		bool managed; /* the bridge of another network of mgr's */
	} * v;
};

/* The host's interfaces that lead elsewhere than to this bridge and to containers of others: all but loopback, ports of
 * bridges, and bridges. A bridge does when a default route goes by it, or a port of it is more than the end of a veth or a
 * tap: what others' containers are on does not, whatever it is called. outside: all zeros. */
int outside_find(const char *bridge, struct outside *ret, struct err *err);
void outside_done(struct outside *outside);

#endif
