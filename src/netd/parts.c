/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The request of a container on several networks, as each of them is to see it. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "netd/netd.h"

const char *join_network(const struct wire_net_join *join)
{
	const struct wire_net_nic *nics = wire_join_nics(join);

	for (uint32_t i = 0; i < join->n_nics; i++)
		if (str_eq(nics[i].veth, join->veth))
			return nics[i].network;
	return "";
}

size_t join_networks(const struct wire_net_join *join, const char *ret[static NICS_MAX])
{
	const struct wire_net_nic *nics = wire_join_nics(join);
	size_t n = 0;

	ret[n++] = join_network(join);
	for (uint32_t i = 0; i < join->n_nics && n < NICS_MAX; i++) {
		size_t k = 0;
		while (k < n && !str_eq(ret[k], nics[i].network))
			k++;
		if (k == n)
			ret[n++] = nics[i].network;
	}
	return n;
}

/* Its first address of this family, or NULL. */
static const struct wire_net_item *first_address(const struct wire_net_join *join, uint32_t nic, uint8_t family)
{
	const struct wire_net_item *items = wire_join_items(join);

	for (uint32_t i = 0; i < join->n_items; i++)
		if (items[i].nic == nic && items[i].kind == WIRE_ITEM_ADDRESS && items[i].family == family)
			return &items[i];
	return NULL;
}

/* Has it the IPv6 address that goes with its IPv4 one? */
static bool has_leased6(const struct wire_net_join *join, uint32_t nic, const struct bridge *bridge)
{
	const struct lease_network network = { .net6 = bridge->net6 };
	const struct in6_addr leased = leases_ipv6(&network, join->ipv4);
	const struct wire_net_item *items = wire_join_items(join);

	for (uint32_t i = 0; i < join->n_items; i++)
		if (items[i].nic == nic && items[i].kind == WIRE_ITEM_ADDRESS && items[i].family == AF_INET6 &&
		    memcmp(items[i].addr, &leased, sizeof leased) == 0)
			return true;
	return false;
}

/* The first NIC there, if possible one with an address. */
static uint32_t main_nic(const struct wire_net_join *join, const char *network)
{
	const struct wire_net_nic *nics = wire_join_nics(join);
	uint32_t first = join->n_nics;

	for (uint32_t i = 0; i < join->n_nics; i++) {
		if (!str_eq(nics[i].network, network))
			continue;
		if (first_address(join, i, AF_INET))
			return i;
		first = first == join->n_nics ? i : first;
	}
	return first;
}

static void fill_head(struct wire_net_join *part, const struct wire_net_join *join, const struct network *network)
{
	const uint32_t nic = main_nic(join, network->name);
	const struct wire_net_item *addr = first_address(join, nic, AF_INET);

	memcpy(part->name, join->name, sizeof part->name);
	memcpy(part->uuid, join->uuid, sizeof part->uuid);
	memcpy(part->store, join->store, sizeof part->store);
	if (nic == join->n_nics)
		return;
	memcpy(part->veth, wire_join_nics(join)[nic].veth, sizeof part->veth);
	memcpy(part->mac, wire_join_nics(join)[nic].mac, sizeof part->mac);
	if (addr)
		memcpy(&part->ipv4, addr->addr, sizeof part->ipv4);
	part->ipv6 = addr && network->bridge.has6 && has_leased6(part, nic, &network->bridge);
}

struct wire_net_join *join_part(const struct wire_net_join *join, size_t len, const struct network *network, size_t *ret_len,
				struct err *err)
{
	const bool side = !str_eq(network->name, join_network(join));
	struct wire_net_join *part = wire_join_new(side ? 0 : join->n_forwards, join->n_nics, join->n_items, ret_len, err);

	if (!part)
		return NULL;
	if (!side) {
		memcpy(part, join, len);
		return part;
	}
	memcpy(wire_join_nics(part), wire_join_nics(join), join->n_nics * sizeof(struct wire_net_nic));
	memcpy(wire_join_items(part), wire_join_items(join), join->n_items * sizeof(struct wire_net_item));
	fill_head(part, join, network);
	return part;
}
