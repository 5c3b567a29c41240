/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-netd is asked: payloads of WIRE_NET_*. */
#ifndef MGR_WIRE_NET_H
#define MGR_WIRE_NET_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct wire_forward {
	uint8_t proto;       /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t family;      /* AF_INET, AF_INET6, or AF_UNSPEC: every address of the host */
	uint16_t port, last; /* of the host, host byte order */
	uint16_t target;     /* of the container, for `port`; the others follow in order */
	uint8_t addr[16];    /* of the host, network order, by family */
	uint32_t flags;      /* bits of WIRE_FORWARD_*; one that is not known is refused */
};

#define WIRE_FORWARD_WAKE 1U /* what comes while the container is stopped or frozen has it started or thawed, and waits */

/* A container's part in the network. The reply comes when its name resolves and its forwards are in force; the message of an
 * error names the holder of a port. Sent again, as it was, to a netd that was started anew, and may be newer by then: it
 * must not contain pids or fds, and grows at its head's end, or at that of wire_forward. */
struct wire_net_join {
	uint32_t head;    /* bytes before the forwards, */
	uint32_t forward; /* and of each, as the sender has them */
	char name[64];
	char uuid[37];
	char store[256]; /* folder of its store, for people; cut when longer */
	uint8_t mac[6];
	uint8_t ipv6; /* 1: it has the IPv6 address that goes with this IPv4 one (store/leases.h) */
	struct in_addr ipv4;
	char veth[16]; /* host end */
	uint32_t n_forwards;
	struct wire_forward forwards[];
};

/* What every one has. */
#define WIRE_NET_JOIN_MIN (offsetof(struct wire_net_join, n_forwards) + sizeof(uint32_t))
#define WIRE_FORWARD_MIN  offsetof(struct wire_forward, flags)
_Static_assert(WIRE_NET_JOIN_MIN == sizeof(struct wire_net_join), "wire_net_join: padding at its end");
_Static_assert(sizeof(struct wire_forward) == 28, "wire_forward: padding in it");

/* WIRE_FORWARD, WIRE_NET_FORWARD: one forward more or one less while the container runs. The reply comes when it is in
 * force, or when the flows of one that has gone are ended. Sent without the zeros at its end that an older peer does not
 * know. */
struct wire_forward_change {
	uint32_t del; /* 1: take away the one that is exactly this */
	struct wire_forward forward;
};
#define WIRE_FORWARD_CHANGE_MIN (offsetof(struct wire_forward_change, forward) + WIRE_FORWARD_MIN)

static inline size_t wire_forward_change_length(const struct wire_forward_change *change)
{
	return change->forward.flags ? sizeof *change : WIRE_FORWARD_CHANGE_MIN;
}

struct wire_net_leave {
	char uuid[37];
};

struct wire_net_status {
	char bridge[16];
	struct in_addr net;
	uint32_t prefix;
	uint32_t containers, forwards;
	int32_t netd_pid, dnsmasq_pid;
	uint32_t stays;  /* mgr-net up was said */
	char cause[256]; /* what is not as it should be; "" */
	struct in6_addr net6;
	char no6[64]; /* why there is no IPv6; "" */
};

#endif
