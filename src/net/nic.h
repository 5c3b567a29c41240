/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file a type of NIC (private to net/). Each makes it in the container's namespace and gives its index there. */
#ifndef MGR_NET_NIC_H
#define MGR_NET_NIC_H

#include "net/net.h"
#include "net/rtnl.h"

/* The two namespaces' sockets. */
struct sides {
	int host, guest;
	int netns;
	bool with_lo; /* is brought up with this NIC */
};

/* The managed bridge may still be in the making: wait for it. Sets the NIC's link, one of the plan's; ret: the bridge, of
 * index 0 unless it was there already. */
int nic_await_bridge(struct net_plan *plan, const struct net_nic *nic, int host, struct rtnl_link *ret, uint64_t deadline,
		     struct err *err);
/* What of the NICs of a plan does not go together. -EINVAL. */
int plan_check(const struct net_plan *plan, struct err *err);
/* What is no NIC of a managed network has nothing to do with its bridge: nobody would guard it. */
int nic_check_link(const struct net_nic *nic, const struct rtnl_link *link, struct err *err);
/* Has the host, where the NIC is to be, one of its addresses? -EADDRINUSE. */
int nic_check_host(int host, const struct net_nic *nic, struct err *err);

/* What the undo record must not be given for: a name of the user's that is taken. */
int veth_check(int host, const struct net_nic *nic, const struct store *store, const struct net_record *record,
	       struct err *err);
/* What the undo is told of it, before it is made. */
#define VETH_LINE "veth:" /* VETH_LINE MAC NAME, of a name that may be another's by then; else the name alone */
int veth_record(const struct net_nic *nic, const struct net_record *record, struct err *err);
/* found: what it is to be put on, where that is known already. */
int veth_make(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *found, const struct store *store,
	      const struct net_record *record, int *ret_index, struct err *err);
/* Delete the veth of this name and wait until the kernel is done with it. Absent is 0. */
int veth_delete_now(int sock, const char *name, struct err *err);

/* The container behind this end of the host's is no router of the host's: router advertisements are not for an end that has
 * no bridge, and of one that is a port the host has no IPv6 at all. Before it is up. */
int port_no_router(const char *name, bool bridged, struct err *err);
/* What it has from addresses that are not routed to it is dropped; of IPv4 alone. */
int port_no_liar(const char *name, struct err *err);
/* Bring it up. As a port of a managed bridge, what it sends passes the guard, whatever address it is to; and what leaves by
 * it may come back by it: packets of a container to itself through the host's address do, when the host runs iptables on
 * bridges (bridge-nf-call-iptables). */
int port_up(int host, int index, bool managed, struct err *err);

/* The network namespace stays, by a mount in the runtime folder, until what must not end with it is out of it. */
#define PIN_LINE "netns:" /* of the undo record */
int nic_pin(const struct sides *s, const struct net_record *record, struct err *err);
/* A descriptor of it, or -errno. */
int nic_pinned(int rundir);
int nic_unpin(int rundir, struct err *err);

/* All write the record's lines first; their number in the container is nic->number. */
#define UPPER_LINE     "upper:"   /* UPPER_LINE NUMBER TYPE LINK VLAN */
#define UPPER_OLD_LINE "macvlan:" /* of before there were others: with the number alone */
int upper_make(const struct sides *s, const struct net_nic *nic, const struct store *store, const struct net_record *record,
	       struct err *err);
/* pidns: the container's, while it runs; -1. What root inside has moved to a network namespace of its own is looked for. */
int upper_remove(int rundir, int pidns, const char *line, struct err *err);

#define PHYS_LINE "phys:" /* PHYS_LINE NAME ... */
int phys_make(const struct sides *s, const struct net_nic *nic, const struct store *store, const struct net_record *record,
	      struct err *err);
int phys_back(int rundir, int pidns, const char *line, struct err *err);
/* Is one of those that the record tells of in the kept namespace? */
bool phys_inside(int rundir);

/* What is done to the host's end of a veth. */

/* Limit the rates, where they are to be. */
int rate_limit(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *end,
	       const struct net_record *record, struct err *err);

#define ROUTE_LINE "route:" /* ROUTE_LINE NETWORK GATEWAY LINK, of those that do not go with the veth */
/* The host's routes to the container, and to the networks behind it. */
int route_make(const struct sides *s, const struct net_nic *nic, int index, const struct net_record *record,
	       struct err *err);
int route_remove(const char *line, struct err *err);

/* Its VLANs on the bridge. */
int vlan_set(const struct sides *s, const struct net_nic *nic, int index, struct err *err);

/* -EINVAL: nic->mtu is too much for its link. */
int nic_mtu_too_large(const struct net_nic *nic, uint32_t most, struct err *err);

#endif
