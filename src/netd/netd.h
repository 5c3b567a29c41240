/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-netd, the resident of the manager's networks: what its files share. One serves them all: the ports of the host, which
 * their forwards share, are one space. */
#ifndef MGR_NETD_NETD_H
#define MGR_NETD_NETD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

#include "base/err.h"
#include "base/loop.h"
#include "net/net.h"
#include "netd/conntrack.h"
#include "netd/network.h"
#include "netd/nft.h"
#include "netd/wake.h"
#include "store/store.h"
#include "wire/net.h"
#include "wire/server.h"

#define NETD_LINGER (10 * CLOCK_SECOND) /* without a container, until everything goes */
#define NETD_GRACE  (1 * CLOCK_SECOND)  /* for supervisors to come back, after mgr-netd was killed */

/* A container that uses a network; one on several is a member of each. */
struct member {
	struct network *network;
	bool side; /* it is on several, and on another one its forwards */
	struct wire_net_join *join;
	size_t join_len;
	struct wire_client *client;   /* stands for it */
	struct nft_elements elements; /* its forwards */
	struct guards guards;
	int *held;                   /* a socket an element, -1 where there is none */
	struct relay **relays;       /* and what serves ::1 there, or NULL */
	struct host_socket *sockets; /* unix ones of the host */
	bool rests;                  /* it is stopped, and no member: it holds its ports while a waker waits (wake.h) */
	struct member *next;
};

/* Which member has which port of the host: a list a port. */
struct claim {
	struct member *member;
	struct in6_addr host;
	bool six;
	struct claim *next;
};

struct netd {
	struct store store;
	char *folder; /* run/.net, and open: */
	int dir, lock, listener;
	struct loop *loop;
	struct wire_server server;

	bool takes_over; /* one before us was killed */
	struct network *networks;
	struct member *members;
	size_t n_forwards;
	struct claim **claims;     /* [2 * 65536], by protocol and port */
	struct redirect *redirect; /* NULL: not wanted yet, or not to be had here: */
	bool no_redirect;
	struct nft_ports out_tcp, out_udp;
	bool out_chosen; /* these two, and no forward has come in between since */
	struct wake wake;
	struct loop_timer idle;
	struct rlimit files; /* of descriptors, as it was before we raised it: for what we start */
};

/* joins.c; request: a wire_net_join of whatever version */
int member_join(struct netd *netd, const void *request, size_t len, struct wire_client *client, struct err *err);

/* members.c. Who stands for it, on one network, which is up. The join is taken (NULL then) when it is kept. 1: it was not
 * there, or is there anew. */
struct entry {
	struct network *network;
	bool side; /* as in struct member */
	struct wire_client *client;
};
int member_enter(const struct entry *entry, struct wire_net_join **join, size_t len, struct err *err);
/* Its addresses on the network are added to the list. Those of one that leaves: their tracked flows are to be ended, which
 * may take a while and can follow the answer. */
void member_addrs(const struct member *member, struct conntrack_guests *ret);
void member_leave(struct member *member, struct conntrack_guests *was);
/* Takes what the list holds. */
void member_end_flows(struct conntrack_guests *was);
/* Forwarded ports of these n elements: one of both families is one. */
size_t member_ports(const struct member *member, size_t from, size_t n);
/* The one that has its forwards; the one on this network. NULL: none. */
struct member *member_find(const struct netd *netd, const char *uuid);
struct member *member_on(const struct network *network, const char *uuid);
/* All but the one that has its forwards. */
void member_leave_sides(struct netd *netd, const char *uuid, struct conntrack_guests *was);
/* Forget what nobody has claimed. */
void member_grace_over(void *network);

/* force.c: what the tables hold of it */
int member_put_in_force(struct member *member, struct err *err);
void member_put_out_of_force(const struct member *member);

/* again.c: one of the same name, address and forwards takes the place of what the member was joined with, which it gives
 * back. 1; 0: it is another one in these. */
int member_join_again(struct member *member, struct wire_net_join **join, size_t len, struct err *err);

/* change.c: the one that the client stands for, or NULL; one port more or less of a container that stays. client: the one
 * that stands for it. */
struct member *member_of(const struct netd *netd, const struct wire_client *client);
int member_change(struct netd *netd, const struct wire_client *client, const struct wire_forward_change *change,
		  struct err *err);

/* claims.c: the member's elements from the one numbered `from` on, to its last or n of them */
int claims_take(struct member *member, size_t from, struct err *err);
void claims_drop(struct member *member, size_t from, size_t n);
/* All that one has goes to another of the same container, which has none: sockets that both need are not closed in between.
 * Where that fails, neither has any. */
int claims_hand_over(struct member *from, struct member *to, struct err *err);
/* Who has this port of the host, at this address; or NULL. */
struct member *claims_find(const struct netd *netd, uint8_t proto, const struct in6_addr *host, uint16_t port);

/* outward.c: no port that is forwarded is one that what goes out of a network leaves by, once they are chosen. */
void outward_claimed(struct netd *netd, uint8_t proto, uint16_t port);
int outward_choose(struct netd *netd, struct err *err);

/* sockets.c: what a forward of a unix socket wants; of another nothing. path: NULL: all of them. */
int sockets_take(struct member *member, const struct wire_forward *forward, struct err *err);
int sockets_take_all(struct member *member, struct err *err); /* of its join, or none */
void sockets_drop(struct member *member, const char *path);
/* Of the network's members: is one gone from its path? Make those anew. -EADDRINUSE: something else is there by now. */
int sockets_look(const struct network *network, struct err *err);
int sockets_mend(const struct network *network, struct err *err);
/* Remove what one before us has left and nobody has claimed. */
void sockets_sweep(const struct netd *netd);

/* join.c: what one says (one of ours, as wire_join_take gives it); -EINVAL with what is wrong. elements: the ports, one
 * each. */
int join_check(const struct wire_net_join *join, const struct bridge *bridge, struct err *err);
int join_elements(const struct wire_net_join *join, const struct bridge *bridge, struct nft_elements *ret, struct err *err);
/* What its NICs on this network may do. */
int join_guards(const struct wire_net_join *join, const char *network, const struct bridge *bridge, struct guards *ret,
		struct err *err);
int join_check_uuid(const char *uuid, struct err *err);
int join_check_forward(const struct wire_forward *forward, struct err *err);
/* -EAFNOSUPPORT when it is of a family that the container has not. */
int join_check_family(const struct wire_net_join *join, const struct bridge *bridge, const struct wire_forward *forward,
		      struct err *err);
/* Adds those of one forward. 0 or -ENOMEM. */
int join_forward_elements(const struct wire_net_join *join, const struct bridge *bridge, const struct wire_forward *forward,
			  struct nft_elements *ret);
/* An item's address, an IPv4 one mapped. */
struct in6_addr join_address(const struct wire_net_item *item);
/* Its IPv6 address, :: when it has none. */
struct in6_addr join_ipv6(const struct wire_net_join *join, const struct bridge *bridge);

/* repair.c: the ends on the host of its NICs on this network are ports of the bridge */
int member_plug(const struct member *member, const struct network *network, struct err *err);
/* Is another mgr-netd installed by now? */
bool netd_is_replaced(void);

/* parts.c: the network of its forwards, and all of them, that one first: at most NICS_MAX. */
const char *join_network(const struct wire_net_join *join);
size_t join_networks(const struct wire_net_join *join, const char *ret[static NICS_MAX]);
/* What it says of one network alone, allocated: of the one of its forwards, all. */
struct wire_net_join *join_part(const struct wire_net_join *join, size_t len, const struct network *network, size_t *ret_len,
				struct err *err);

/* idle.c. Of a network, or of all, nobody is left: end in a while, unless told to stay. */
void netd_consider_ending(struct netd *netd);
void network_idle(void *network);
void netd_idle(void *netd);

/* requests.c */
extern const struct wire_request netd_requests[];
/* What mgr-net status waits for is known of this network. */
void netd_status_known(void *network);
void netd_closed(struct wire_client *client);

#endif
