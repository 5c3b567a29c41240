/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flows that the kernel tracks outlive the rules that made them: they are ended when a forward comes or goes. */
#ifndef MGR_NETD_CONNTRACK_H
#define MGR_NETD_CONNTRACK_H

#include <netinet/in.h>

#include "base/err.h"
#include "netd/nft.h"

/* Addresses of containers. Zero-initialise. */
struct conntrack_guest {
	struct in6_addr addr; /* IPv4 ones mapped */
	/* What conntrack_look finds: the flows from or to it, but for DHCP's. Of TCP those that are over stay for a while;
	 * when the last of them goes is known. */
	size_t flows;  /* not over yet */
	uint64_t ends; /* clock.h, to a second; 0: none is over */
};
struct conntrack_guests {
	size_t n, room;
	struct conntrack_guest *v;
	bool failed; /* there was no memory for one: whatever is done with them fails */
};
void conntrack_guests_add(struct conntrack_guests *l, const struct in6_addr *addr); /* :: is none */
void conntrack_guests_done(struct conntrack_guests *l);

/* Puts them in order, and looks at the flows of all of them in one go. */
int conntrack_look(struct conntrack_guests *guests, struct err *err);
/* Puts them in order, and forgets every flow from or to them. */
int conntrack_forget_guests(struct conntrack_guests *guests, struct err *err);
/* One of those that were put in order, or NULL. */
struct conntrack_guest *conntrack_guest(const struct conntrack_guests *guests, const struct in6_addr *addr);

/* Forget every UDP flow to a port of the host that one of these elements forwards. (A TCP connection that is new is looked
 * up anew; one that is old belongs to a process of the host that lets it end.) */
int conntrack_forget_ports(const struct nft_elements *elements, struct err *err);
/* Forget every flow that came by one of these ports, all of one container. */
int conntrack_forget_forwarded(const struct nft_elements *elements, struct err *err);

#endif
