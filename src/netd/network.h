/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One of the manager's networks: bridge, tables, dnsmasq, and the host's settings that it needs. It is there from its first
 * member on, until a while after its last. */
#ifndef MGR_NETD_NETWORK_H
#define MGR_NETD_NETWORK_H

#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"
#include "netd/bridge.h"
#include "netd/dns.h"
#include "netd/legacy.h"
#include "netd/nft.h"
#include "netd/others.h"
#include "store/leases.h"

struct netd;

struct network {
	struct netd *netd;
	char name[LEASE_NETWORK]; /* "": the default one */
	char *folder;             /* of its own, and open: */
	int dir;

	bool up;        /* it is there */
	bool was_there; /* before us: its bridge, at the least, and containers that use it */
	bool stays;     /* mgr-net up was said */
	struct bridge bridge;
	struct nft nft;
	struct nft_watch *nft_watch;
	struct bridge_watch *bridge_watch;
	struct others *others;
	struct legacy legacy;
	struct dns dns;
	struct nft_content orphans; /* in its tables since before we started, claimed by nobody yet */
	struct loop_timer grace, idle;
	struct network *next;
};

/* networks.c: the one of this name, NULL when there is none; or made, not up. */
struct network *network_find(const struct netd *netd, const char *name);
struct network *network_get(struct netd *netd, const char *name, struct err *err);
/* mgr-net up was said, or down. */
int network_stay(struct network *network, bool stays, struct err *err);
/* Bring up each that was up when one before us was killed. */
void networks_take_over(struct netd *netd);
/* Each knows who is asked for the names of the others. */
void networks_tell_names(const struct netd *netd);
/* Is it not up although it was, before one before us was killed? */
bool network_is_left(const struct network *network);
/* All down, and their folders gone. */
void networks_end(struct netd *netd);

/* describe.c: before it comes up. Its bridge's name is where those who join look for it before there is a bridge. */
int network_describe(struct network *network, struct err *err);
int network_tell_bridge(const struct network *network, struct err *err);
/* Is all that mgr.conf says of it by now in force? -EBUSY, or what the file is wrong in. */
int network_compare(const struct network *network, struct err *err);

/* orphans.c: read, and looked for by its key; NULL, too, when it is claimed already */
int orphans_read(struct network *network, struct err *err);
struct nft_element *orphans_find(const struct network *network, const struct nft_element *element);
/* What nobody has claimed goes, and its flows end. */
void orphans_end(struct network *network);

/* network.c */
int network_up(struct network *network, struct err *err);
/* After network_up. */
void network_down(struct network *network);
/* Tables other than they are: these away, those added. When that cannot be, they are made anew. */
int network_change(struct network *network, const struct nft_content *del, const struct nft_content *add, struct err *err);
/* Its parts as they should be: the tables; the bridge with its ports; the host's settings. */
int network_restore(struct network *network, struct err *err);
int network_mend_bridge(struct network *network, struct err *err);
int network_settings(struct network *network, struct err *err);

/* repair.c: all of it. What cannot be mended is told, and does not hold up the rest. */
int network_repair(struct network *network, struct err *err);
/* Its members' ends on the host are ports of its bridge. */
int network_plug(const struct network *network, struct err *err);

/* limits.c: of what there is a bound to, is most used up? -ENOSPC: told in err. */
int limits_look(const struct network *network, struct err *err);

/* trouble.c: what is not as it should be, in one line; 0: nothing. */
int network_trouble(const struct network *network, struct err *err);

#endif
