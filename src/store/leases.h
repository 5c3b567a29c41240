/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry of addresses: a container's IPv4 address on each network that it is on, reserved at create, freed at destroy.
 */
#ifndef MGR_STORE_LEASES_H
#define MGR_STORE_LEASES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

#define LEASE_NETWORK    16 /* bytes of a network's name, with its end; "": the default one */
#define LEASE_PREFIX_MIN 16 /* of a subnet: an address's IPv6 one has its last 16 bits */
#define LEASE_PREFIX_MAX 29

#define LEASE_DOMAIN       64 /* bytes of a network's domain, with its end */
#define LEASE_DOMAIN_USUAL "mgr"

struct lease {
	char network[LEASE_NETWORK];
	char uuid[37];
	char name[STORE_NAME_MAX + 1];
	uint8_t mac[6];
	struct in_addr ipv4;
	/* as leases_each has them: */
	bool fixed;           /* a further one, which the configuration names, of IPv4 or of IPv6 */
	struct in6_addr ipv6; /* the one that goes with a lease */
};

/* Was anything of it ever asked for? The default one always was. */
bool leases_known(const struct store *store, const char *network);

/* A network's subnet as its registry of leases records it, chosen at first use and kept from then on: the default manager's
 * default network has 10.118.0.0/16, another manager's the first of 10.119.0.0/16 ... 10.127.0.0/16 that no route of this
 * network namespace overlaps, any other network the first of 10.128.0.0/16 ... 10.191.0.0/16 that none does, nor another
 * network of the manager. The gateway is its first address. */
int leases_subnet(const struct store *store, const char *network, struct in_addr *ret_net, unsigned *ret_prefix,
		  struct err *err);

/* A network as a whole. Its IPv6 prefix, a /64 from the ULAs (RFC 4193), is chosen at random at first use and kept; the
 * gateway's address in it ends in 1, a container's in the last 16 bits of its IPv4 address. */
struct lease_network {
	struct in_addr net;
	unsigned prefix;
	bool has6;
	struct in6_addr net6;
	char domain[LEASE_DOMAIN]; /* what the names of its containers end in */
};
int leases_network(const struct store *store, const char *network, struct lease_network *ret, struct err *err);
/* The gateway's address: the first. */
struct in_addr leases_gateway(const struct lease_network *network);
/* The IPv6 address that goes with an IPv4 one of the subnet. */
struct in6_addr leases_ipv6(const struct lease_network *network, struct in_addr ipv4);
int leases_use_domain(const struct store *store, const char *network, const char *domain, struct err *err);
/* How many addresses it has for containers, and how many are taken. */
int leases_room(const struct store *store, const char *network, unsigned *ret_all, unsigned *ret_taken, struct err *err);

/* Use this /64 from now on, NULL: none. -EBUSY when containers have addresses in another one. */
int leases_use_prefix6(const struct store *store, const char *network, const struct in6_addr *net6, struct err *err);
/* Use this subnet from now on. -EBUSY when containers have addresses in another one, -EADDRINUSE when another network of
 * the manager shares addresses with it. */
int leases_use_subnet(const struct store *store, const char *network, struct in_addr net, unsigned prefix, struct err *err);

/* Reserve want, or any free address when want is 0, for lease's uuid, name and mac on lease's network; fills in its ipv4.
 * -EADDRINUSE naming the holder, -EINVAL when it lies outside the subnet. The store's folders exist (store_make). */
int leases_reserve(const struct store *store, struct lease *lease, struct in_addr want, struct err *err);
/* One more address of the subnet for the container, of its own choice: fixed in its configuration. Its own already is 0.
 * Errors as leases_reserve. */
int leases_claim(const struct store *store, const char *network, const char *uuid, const char *name, struct in_addr addr,
		 struct err *err);
int leases_claim6(const struct store *store, const char *network, const char *uuid, const char *name,
		  const uint8_t addr[static 16], struct err *err);
/* Free what the container has on a network but for these further addresses, as text, and, with `lease`, its lease. */
int leases_keep(const struct store *store, const char *network, const char *uuid, bool lease, const struct strv *keep,
		struct err *err);
/* All that the container has, on every network. */
int leases_release(const struct store *store, const char *uuid, struct err *err);
/* -ENOENT */
int leases_find(const struct store *store, const char *network, const char *uuid, struct lease *ret, struct err *err);
/* Until fn returns other than 0, which is then the result. */
int leases_each(const struct store *store, const char *network, int (*fn)(const struct lease *lease, void *data), void *data,
		struct err *err);
/* The default network first, then every other one that was ever used. */
int leases_each_network(const struct store *store, int (*fn)(const char *network, void *data), void *data, struct err *err);

#endif
