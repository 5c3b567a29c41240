/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /etc/mgr/mgr.conf: what holds for the manager as a whole. Optional. In a file of its own, because it needs conf/ and
 * inih, which most users of the store do without. */
#ifndef MGR_STORE_SETTINGS_H
#define MGR_STORE_SETTINGS_H

#include <netinet/in.h>

#include "conf/conf.h"
#include "store/store.h"

struct settings_prefix6 {
	bool set, none;
	struct in6_addr net;
};

enum settings_choice {
	SETTINGS_AUTO,
	SETTINGS_YES,
	SETTINGS_NO,
};

struct settings {
	struct in_addr subnet;           /* [network] ipv4.subnet, a /16; 0.0.0.0: not set */
	struct settings_prefix6 prefix6; /* ipv6.prefix, a /64 */
	enum settings_choice machined;   /* [systemd] machined */
};

extern const struct schema settings_schema;

/* Read it; all at its defaults when there is none. */
int settings_load(const struct store *store, struct settings *ret, struct err *err);

/* Before the managed network's subnet is asked for or leased from: make the registry of leases use the one that mgr.conf
 * names. -EBUSY when containers have addresses in another. */
int settings_apply(const struct store *store, struct err *err);

#endif
