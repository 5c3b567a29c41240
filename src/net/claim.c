/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of the managed network that a configuration names: in the registry of leases too, so that each is one's. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "net/addr.h"
#include "net/net.h"
#include "store/leases.h"

/* An IPv6 one is of the prefix too, and none of those that go with IPv4 addresses. */
static int check6(const struct nic_addr *addr, const struct lease_network *network, struct err *err)
{
	static const uint8_t zero[6];
	char text[INET6_ADDRSTRLEN];

	if (!network->has6)
		return err_set(err, EINVAL, "the managed network has no IPv6");
	inet_ntop(AF_INET6, &network->net6, text, sizeof text);
	if (memcmp(addr->addr, &network->net6, 8) != 0 || addr->prefix != 64)
		return err_set(err, EINVAL, "is not in %s/64, the managed network's prefix", text);
	if (memcmp(addr->addr + 8, zero, sizeof zero) == 0)
		return err_set(err, EINVAL, "the first 65536 addresses of %s/64 are leased, or the gateway's", text);
	return 0;
}

static int claim(const struct nic_addr *addr, const struct lease_network *network, const struct store *store,
		 const char *name, const char *uuid, struct err *err)
{
	struct in_addr own;

	if (addr->family == AF_INET6)
		return check6(addr, network, err) < 0 ? -EINVAL : leases_claim6(store, uuid, name, addr->addr, err);
	memcpy(&own, addr->addr, sizeof own);
	if (addr->prefix != network->prefix)
		return err_set(err, EINVAL, "the managed network's prefix is /%u", network->prefix);
	return leases_claim(store, uuid, name, own, err);
}

static int claim_all(const struct nic_addrs *addrs, const struct store *store, const char *name, const char *uuid,
		     struct err *err)
{
	struct lease_network network;
	char text[NIC_ADDR_TEXT];
	int r = addrs->n ? leases_network(store, &network, err) : 0;

	for (size_t i = 0; i < addrs->n && r >= 0; i++) {
		r = claim(&addrs->v[i], &network, store, name, uuid, err);
		if (r < 0)
			err_wrap(err, "%s", addr_text(&addrs->v[i], text));
	}
	return r;
}

int net_claim(const struct net_conf *conf, const struct store *store, const char *name, const char *uuid, struct err *err)
{
	for (size_t i = 0; i < conf->n; i++) {
		const struct nic_conf *nic = &conf->v[i];
		if (!net_is_managed(nic))
			continue;
		if (claim_all(&nic->ipv4, store, name, uuid, err) < 0)
			return err_wrap(err, "net.%u.ipv4.address", nic->index);
		if (claim_all(&nic->ipv6, store, name, uuid, err) < 0)
			return err_wrap(err, "net.%u.ipv6.address", nic->index);
	}
	return 0;
}
