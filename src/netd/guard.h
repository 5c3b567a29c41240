/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may send what on a network: elements of sets, beside rules that never change while it is up (guard_rules.c,
 * host_rules.c). A NIC whose elements are not there is silent; they stay when mgr-netd is gone. */
#ifndef MGR_NETD_GUARD_H
#define MGR_NETD_GUARD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/net.h"

enum guard_set {
	/* of the bridge's table: host end of a NIC . its MAC . an address that it may send from */
	GUARD_MACS,
	GUARD_IPV4,
	GUARD_IPV6,
	GUARD_ISOLATED, /* host ends */
	GUARD_SELF,     /* isolated host end . the same one */
	GUARD_EGRESS4,  /* an address of a NIC . addresses that it may not send to */
	GUARD_EGRESS6,
	/* of the table of both IPs: by address, which the ones above make sure of */
	GUARD_HOST4, /* may reach the host's services */
	GUARD_HOST6,
	GUARD_ISOLATED4,
	GUARD_ISOLATED6,
	GUARD_SELF4, /* addresses of an isolated container . where its forwards lead */
	GUARD_SELF6,
	GUARD_DENY4, /* as GUARD_EGRESS4 */
	GUARD_DENY6,
	GUARD_SETS,
};

#define GUARD_KEY_MAX 40

/* As the kernel has it: each part padded to 4 bytes. */
struct guard {
	uint8_t set; /* of enum guard_set */
	uint8_t len;
	uint8_t from[GUARD_KEY_MAX];
	uint8_t to[GUARD_KEY_MAX]; /* of the sets that hold ranges, the last one of it; else all zeros */
};

struct guards {
	size_t n, room;
	struct guard *v;
};

int guards_append(struct guards *l, const struct guard *element); /* 0 or -ENOMEM */
/* Those of `a` that are not in `b`. 0 or -ENOMEM. */
int guards_minus(const struct guards *a, const struct guards *b, struct guards *ret);
void guards_done(struct guards *l);
/* Is `from` of an isolated container, or may it not send to `to`? IPv4 ones mapped. */
bool guards_refuse(const struct guards *l, const struct in6_addr *from, const struct in6_addr *to);

/* All that a container may do on this network. main6: the IPv6 address that its forwards lead to, or ::. 0 or -ENOMEM. */
int guards_of_join(const struct wire_net_join *join, const char *network, const struct in6_addr *main6, struct guards *ret);

/* Addresses from..to, network order. */
struct guard_range {
	uint8_t from[16], to[16];
};
struct guard_ranges {
	size_t n;
	struct guard_range *v;
};
/* What this NIC may not send to, of one family: ranges in order, none touching another. 0 or -ENOMEM. */
int guard_denied(const struct wire_net_join *join, uint8_t nic, uint8_t family, struct guard_ranges *ret);
void guard_ranges_done(struct guard_ranges *l);

/* The address that goes with a MAC on each link (RFC 4291, appendix A). */
struct in6_addr guard_link_local(const uint8_t mac[static 6]);

#endif
