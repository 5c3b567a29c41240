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

struct settings_subnet {
	struct in_addr net; /* 0.0.0.0: not set */
	unsigned prefix;
};

/* [network], and each [network.NAME] */
struct settings_network {
	char name[CONF_ID_MAX + 1];
	char *bridge; /* NULL: mgr's choice (net/names.c) */
	struct settings_subnet subnet;
	struct settings_prefix6 prefix6; /* a /64 */
	char *domain;                    /* of the containers' names */
	struct strv resolvers;           /* addresses; none: the host's */
};

struct settings {
	struct settings_network network;
	struct {
		size_t n;
		struct settings_network *v;
	} networks;
	enum settings_choice machined; /* [systemd] machined */
	char *backend;                 /* [storage] backend; which there are, storage/ knows; NULL: mgr's choice */
};

extern const struct schema settings_schema;

/* Read it; all at its defaults when there is none. settings_done frees, also after a failure. */
int settings_load(const struct store *store, struct settings *ret, struct err *err);

/* Takes one that is all zeros. */
void settings_done(struct settings *settings);

/* What it says of a network; -ENOENT when there is none of this name: "", the default one, there always is. */
int settings_network(const struct store *store, const struct settings *settings, const char *network,
		     const struct settings_network **ret, struct err *err);

/* Before a network's subnet is asked for or leased from: make its registry of leases use the one that mgr.conf names.
 * -EBUSY when containers have addresses in another. */
int settings_use(const struct store *store, const struct settings_network *network, struct err *err);
/* Both at once. */
int settings_apply(const struct store *store, const char *network, struct err *err);

#endif
