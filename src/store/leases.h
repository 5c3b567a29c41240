/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry of addresses: a container's IPv4 address on the managed network, reserved at create, freed at destroy. */
#ifndef MGR_STORE_LEASES_H
#define MGR_STORE_LEASES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct lease {
	char uuid[37];
	char name[STORE_NAME_MAX + 1];
	uint8_t mac[6];
	struct in_addr ipv4;
};

/* The managed network's subnet as /var/lib/mgr/.leases records it (chosen at first use: the default manager 10.118.0.0/16,
 * another one the first of 10.119.0.0/16 ... 10.127.0.0/16 that no route of this network namespace overlaps); kept from then
 * on. The gateway is its first address. */
int leases_subnet(const struct store *store, struct in_addr *ret_net, unsigned *ret_prefix, struct err *err);

/* The managed network as a whole. Its IPv6 prefix, a /64 from the ULAs (RFC 4193), is chosen at random at first use and
 * kept; the gateway's address in it ends in 1, a container's in the last 16 bits of its IPv4 address. */
struct lease_network {
	struct in_addr net;
	unsigned prefix;
	bool has6;
	struct in6_addr net6;
};
int leases_network(const struct store *store, struct lease_network *ret, struct err *err);
/* The IPv6 address that goes with an IPv4 one of the subnet. */
struct in6_addr leases_ipv6(const struct lease_network *network, struct in_addr ipv4);
/* Use this /64 from now on, NULL: none. -EBUSY when containers have addresses in another one. */
int leases_use_prefix6(const struct store *store, const struct in6_addr *net6, struct err *err);

/* Use this /16 from now on. -EBUSY when containers have addresses in another one. */
int leases_use_subnet(const struct store *store, struct in_addr net, struct err *err);

/* Reserve want, or any free address when want is 0, for lease's uuid, name and mac; fills in its ipv4. -EADDRINUSE naming
 * the holder, -EINVAL when it lies outside the subnet. The store's folders exist (store_make). */
int leases_reserve(const struct store *store, struct lease *lease, struct in_addr want, struct err *err);
/* One more address of the subnet for the container, of its own choice: fixed in its configuration. Its own already is 0.
 * Errors as leases_reserve. */
int leases_claim(const struct store *store, const char *uuid, const char *name, struct in_addr addr, struct err *err);
int leases_claim6(const struct store *store, const char *uuid, const char *name, const uint8_t addr[static 16],
		  struct err *err);
/* Free what the container has but for these further addresses, as text, and, with `lease`, its lease. */
int leases_keep(const struct store *store, const char *uuid, bool lease, const struct strv *keep, struct err *err);
/* All that the container has. */
int leases_release(const struct store *store, const char *uuid, struct err *err);
int leases_find(const struct store *store, const char *uuid, struct lease *ret, struct err *err); /* -ENOENT */
/* Until fn returns other than 0, which is then the result. */
int leases_each(const struct store *store, int (*fn)(const struct lease *lease, void *data), void *data, struct err *err);

#endif
