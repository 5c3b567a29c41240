/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manager's own nftables tables, one of both IPs and one of the bridge: rules that never change while the network is up,
 * maps whose elements are the forwards, and sets for the guard. Every change is one transaction: the kernel takes all of it
 * or nothing. */
#ifndef MGR_NETD_NFT_H
#define MGR_NETD_NFT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "netd/guard.h"

/* One forwarded port, of the guest's family. IPv4 addresses as ::ffff:A.B.C.D; host ::: every address of the host of that
 * family. Ports in host byte order. */
struct nft_element {
	struct in6_addr host, guest;
	uint16_t port, target;
	uint8_t proto;
	bool waits;   /* what would open a connection there may be waited for (wake.h) */
	bool wakes;   /* its forward has the option wake */
	bool four;    /* 0.0.0.0: of IPv4 alone */
	bool second;  /* IPv6's of a forward for every address: its IPv4's holds the port for both */
	bool claimed; /* of those that were there before us (orphans.c): it is a member's now */
};

static inline bool nft_is6(const struct nft_element *e)
{
	return !IN6_IS_ADDR_V4MAPPED(&e->guest);
}

static inline bool nft_is_any(const struct nft_element *e)
{
	return IN6_IS_ADDR_UNSPECIFIED(&e->host);
}

struct in6_addr nft_mapped(struct in_addr ipv4);
struct in_addr nft_ipv4(const struct in6_addr *mapped);
/* Do both listen on the same? */
bool nft_same_key(const struct nft_element *a, const struct nft_element *b);

struct nft_elements {
	size_t n, room;
	struct nft_element *v;
};
int nft_elements_add(struct nft_elements *l, const struct nft_element *element); /* 0 or -ENOMEM */
void nft_elements_done(struct nft_elements *l);

#define NFT_TABLE 32

/* What there is in the tables. */
struct nft_content {
	struct nft_elements forwards;
	struct guards guards;
};
void nft_content_done(struct nft_content *content);

/* Of the host's, from the first to the last one; 0: none. */
struct nft_ports {
	uint16_t first, last;
	bool random; /* any of them, even where the container's own would do */
};

struct nft {
	char table[NFT_TABLE]; /* "mgr" or "mgr_ID", and "-NAME" of another network than the default one */
	char bridge[16];
	struct in_addr net;
	unsigned prefix;
	bool has6;
	struct in6_addr net6, gateway6;    /* a /64 */
	struct nft_ports out_tcp, out_udp; /* what goes out of the network leaves by them */

	/* private */
	struct mnl_socket *sock;
	uint32_t seq;
	bool shared;    /* whoever is root may change its tables: the kernel is older than 6.9 */
	bool uncounted; /* nobody's flows are counted: the kernel lacks CONFIG_NFT_CONNLIMIT */
};

int nft_open(struct nft *nft, struct err *err);
void nft_close(struct nft *nft);

/* Make the tables anew, with exactly this. */
int nft_install(struct nft *nft, const struct nft_content *all, struct err *err);
/* Take some away and add others. -ENOENT or -EEXIST when the tables do not hold what they should: install then. */
int nft_change(struct nft *nft, const struct nft_content *del, const struct nft_content *add, struct err *err);
/* out_tcp and out_udp have changed. */
int nft_change_outgoing(struct nft *nft, struct err *err);
/* What they hold; nothing when there are none. */
int nft_read(struct nft *nft, struct nft_content *ret, struct err *err);
/* Remove them. Absent is 0. */
int nft_remove(struct nft *nft, struct err *err);

/* Calls fn soon after somebody else has taken something out of the tables. */
struct nft_watch;
struct nft_watch *nft_watch_new(const struct nft *nft, struct loop *loop, void (*fn)(void *data), void *data,
				struct err *err);
void nft_watch_free(struct nft_watch *watch);

#endif
