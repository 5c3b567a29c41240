/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flows that the kernel tracks outlive the rules that made them: they are ended when a forward comes or goes. */
#ifndef MGR_NETD_CONNTRACK_H
#define MGR_NETD_CONNTRACK_H

#include <netinet/in.h>

#include "base/err.h"
#include "netd/nft.h"

/* Flows from or to an address, but for DHCP's. Of TCP those that are over stay for a while; when the last of them goes is
 * known. */
struct conntrack_flows {
	size_t n;      /* not over yet */
	uint64_t ends; /* clock.h, to a second; 0: none is over */
};
/* Adds those of one more address. */
int conntrack_look(const struct in6_addr *guest, struct conntrack_flows *flows, struct err *err);

/* Forget every flow from or to this address. */
int conntrack_forget_guest(const struct in6_addr *guest, struct err *err);
/* Forget every UDP flow to a port of the host that one of these elements forwards. (A TCP connection that is new is looked
 * up anew; one that is old belongs to a process of the host that lets it end.) */
int conntrack_forget_ports(const struct nft_elements *elements, struct err *err);
/* Forget every flow that came by one of these ports, all of one container. */
int conntrack_forget_forwarded(const struct nft_elements *elements, struct err *err);

#endif
