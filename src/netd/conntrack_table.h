/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's table of flows (private to conntrack*.c). */
#ifndef MGR_NETD_CONNTRACK_TABLE_H
#define MGR_NETD_CONNTRACK_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "netd/conntrack.h"

/* Bits of CTA_FILTER_ORIG_FLAGS and CTA_FILTER_REPLY_FLAGS: which parts of the tuple count (the kernel's
 * net/netfilter/nf_internals.h). */
enum { BY_SRC = 1 << 0, BY_DST = 1 << 1, BY_PROTO = 1 << 3, BY_SPORT = 1 << 4, BY_DPORT = 1 << 5 };

struct tuple {
	struct in6_addr src, dst; /* IPv4 ones mapped */
	uint8_t proto;
	uint16_t sport, dport; /* network order */
};

/* What a tuple must equal, where `flags` say. */
struct half {
	unsigned flags;
	struct tuple want;
};

/* Which flows of a family: by their tuples in both directions; of them, unless these are NULL, those from or to one of these
 * guests, and those that came by one of these ports. */
struct filter {
	bool six;
	struct half orig, reply;
	const struct conntrack_guests *guests; /* in order */
	const struct nft_elements *ports;
};
/* Ends them. */
int conntrack_forget(const struct filter *filter, struct err *err);

struct flow {
	struct tuple orig, reply;
	bool over;        /* a TCP connection that has ended */
	uint32_t seconds; /* until the kernel forgets it, unless something comes */
};
typedef void flow_fn(const struct flow *flow, void *data);
/* Calls fn with each of a family. */
int conntrack_each(bool six, flow_fn *fn, void *data, struct err *err);

#endif
