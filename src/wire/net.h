/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-netd is asked: payloads of WIRE_NET_*. */
#ifndef MGR_WIRE_NET_H
#define MGR_WIRE_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define WIRE_PATH_MAX 108 /* of a unix socket, with its end */

struct wire_forward {
	uint8_t proto;            /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t family;           /* AF_INET, AF_INET6, or AF_UNSPEC: every address of the host; AF_UNIX */
	uint16_t port, last;      /* of the host, host byte order */
	uint16_t target;          /* of the container, for `port`; the others follow in order */
	uint8_t addr[16];         /* of the host, network order, by family */
	uint32_t flags;           /* bits of WIRE_FORWARD_*; one that is not known is refused */
	char path[WIRE_PATH_MAX]; /* of AF_UNIX, which has no port of the host and no address */
};

#define WIRE_FORWARD_WAKE 1U /* what comes while the container is stopped or frozen has it started or thawed, and waits */

/* --- a join ---------------------------------------------------------------------------------------------------------- */

enum wire_nic_flag {
	WIRE_NIC_ISOLATED = 1,    /* nothing between it and other containers */
	WIRE_NIC_HOST_ACCESS = 2, /* may reach the host's own services */
};

/* A NIC on a managed network. */
struct wire_net_nic {
	char network[16]; /* "": the default one */
	char veth[16];    /* host end */
	uint8_t mac[6];
	uint8_t flags; /* of enum wire_nic_flag */
	uint8_t index; /* N of [net.N] */
};

enum wire_item_kind {
	WIRE_ITEM_ADDRESS,      /* that it may use; the IPv6 one that goes with a lease is among them */
	WIRE_ITEM_EGRESS_DENY,  /* a network that it may not send to, */
	WIRE_ITEM_EGRESS_ALLOW, /* but for this part */
};

/* What there are several of on a NIC. */
struct wire_net_item {
	uint8_t kind; /* of enum wire_item_kind; what is of none is passed over */
	uint8_t nic;  /* its place among the NICs */
	uint8_t family, prefix;
	uint8_t addr[16]; /* network order, by family */
};

/* A container's part in the networks. The reply comes when its name resolves and its forwards are in force; the message of
 * an error names the holder of a port. Sent again, changed, it takes the place of what was, without touching what is the
 * same; sent again, as it was, to a netd that was started anew, it may be newer than that one: it must not contain pids or
 * fds, and grows at its head's end, or at that of a forward, a NIC or an item. Behind the head come the forwards, then the
 * NICs, then the items. One that is older has no NICs: `veth` and `mac` are its only one. */
struct wire_net_join {
	uint32_t head;    /* bytes before the forwards, */
	uint32_t forward; /* and of each, as the sender has them */
	char name[64];
	char uuid[37];
	char store[256]; /* folder of its store, whole: it is started by it when it is waited for */
	uint8_t mac[6];  /* of the NIC that has its name and its forwards, as have veth and the addresses */
	uint8_t ipv6;    /* 1: it has the IPv6 address that goes with this IPv4 one (store/leases.h) */
	struct in_addr ipv4;
	char veth[16]; /* host end */
	uint32_t n_forwards;
	uint32_t nic, n_nics; /* bytes of each, and how many */
	uint32_t item, n_items;
	uint32_t idle; /* milliseconds without a flow until it is frozen; 0: never. What comes then thaws it, by any forward
			*/
	struct wire_forward forwards[];
};

/* What every one has. */
#define WIRE_NET_JOIN_MIN (offsetof(struct wire_net_join, n_forwards) + sizeof(uint32_t))
#define WIRE_FORWARD_MIN  offsetof(struct wire_forward, flags)
#define WIRE_NIC_MIN      (offsetof(struct wire_net_nic, index) + sizeof(uint8_t))
#define WIRE_ITEM_MIN     (offsetof(struct wire_net_item, addr) + sizeof(uint8_t[16]))
_Static_assert(sizeof(struct wire_net_join) == offsetof(struct wire_net_join, idle) + sizeof(uint32_t),
	       "wire_net_join: padding at its end");
_Static_assert(sizeof(struct wire_forward) == 28 + WIRE_PATH_MAX, "wire_forward: padding in it");
_Static_assert(WIRE_NIC_MIN == sizeof(struct wire_net_nic), "wire_net_nic: padding at its end");
_Static_assert(WIRE_ITEM_MIN == sizeof(struct wire_net_item), "wire_net_item: padding at its end");

/* One of any version as one of ours, allocated: what its sender did not know is 0, and it has a NIC. NULL, -EBADMSG in err:
 * it is malformed. */
struct wire_net_join *wire_join_take(const void *payload, size_t len, size_t *ret_len, struct err *err);
/* One of ours as it is sent and handed over, without paths where there are none. Returns how long it is, 0 when there is
 * less room. */
size_t wire_join_pack(const struct wire_net_join *join, void *to, size_t room);
size_t wire_join_packed(const struct wire_net_join *join);
#define WIRE_JOIN_MAX (1U << 20) /* packed: some 37,000 forwards without paths */
/* It packed into `to`, or, where there is less room, into a sealed memfd (*ret_file, else -1). *ret_len: how long it is. */
int wire_join_stow(const struct wire_net_join *join, void *to, size_t room, uint32_t *ret_len, int *ret_file,
		   struct err *err);
/* What that has made: file, or, when that is -1, what is in `from`. */
struct wire_net_join *wire_join_unstow(const void *from, uint32_t len, int file, size_t *ret_len, struct err *err);
/* Room for these numbers of each, all zeros but for the sizes. NULL, -ENOMEM in err: there is no memory. */
struct wire_net_join *wire_join_new(size_t forwards, size_t nics, size_t items, size_t *ret_len, struct err *err);
/* Where they stand, in one of ours. */
struct wire_net_nic *wire_join_nics(const struct wire_net_join *join);
struct wire_net_item *wire_join_items(const struct wire_net_join *join);
/* Has one of its forwards the option wake? */
bool wire_join_wakes(const struct wire_net_join *join);
/* One forward more, the last, of one of ours: it may move. 0 or -ENOMEM. */
int wire_join_add_forward(struct wire_net_join **join, size_t *len, const struct wire_forward *forward);
void wire_join_del_forward(struct wire_net_join *join, size_t *len, uint32_t i);

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
	if (change->forward.path[0])
		return sizeof *change;
	return change->forward.flags ? offsetof(struct wire_forward_change, forward.path) : WIRE_FORWARD_CHANGE_MIN;
}

struct wire_net_leave {
	char uuid[37];
};

struct wire_net_repair {
	uint32_t ends; /* 1: mgr-netd is not the one that is installed now, and ends: ask the next one */
};

/* The container is about to be frozen, is frozen, or runs on: what wakes it waits from the answer to the first on. */
struct wire_net_doze {
	uint32_t state; /* enum wire_state */
};

/* WIRE_NET_STATUS, _UP and _DOWN are sent with the name of a network, or nothing for the default one. */
struct wire_net_status {
	char bridge[16];
	struct in_addr net;
	uint32_t prefix;
	uint32_t containers, forwards;
	int32_t netd_pid, dnsmasq_pid;
	uint32_t stays;  /* mgr-net up was said */
	char cause[256]; /* what is not as it should be; "" */
	struct in6_addr net6;
	char no6[64];     /* why there is no IPv6; "" */
	uint32_t waiting; /* stopped containers that a connection starts */
	char domain[64];
};

#endif
