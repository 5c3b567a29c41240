/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/leases.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/internal.h"

/* The network's own, its gateway's, the broadcast address, and what careless programs take for one. */
static bool may_lease(const struct lease_subnet *subnet, uint32_t host)
{
	const uint32_t last = (subnet->net + host) & 0xff;

	return host > 1 && host < lease_size(subnet) - 1 && last != 0 && last != 0xff;
}

static int find_free(const struct registry *reg, const struct lease_subnet *subnet, uint32_t *ret, struct err *err)
{
	const uint32_t size = lease_size(subnet);
	uint32_t host = reg->next > 1 && reg->next < size ? (uint32_t)reg->next : 2;
	char text[LEASE_SUBNET_TEXT];

	for (uint32_t tried = 0; tried < size; tried++, host = (host + 1) % size) {
		autocall(registry_entry_done) struct registry_entry entry = { 0 };
		if (!may_lease(subnet, host) ||
		    registry_get(reg, lease_text(subnet->net + host, text), &entry, NULL) != -ENOENT)
			continue;
		*ret = subnet->net + host;
		return 0;
	}
	return err_set(err, ENOSPC,
		       "every address of %s is taken: mgr.conf can give another network, or this one a larger subnet",
		       lease_subnet_text(subnet, text));
}

static int check_wanted(const struct registry *reg, const struct lease_subnet *subnet, uint32_t want, struct err *err)
{
	autocall(registry_entry_done) struct registry_entry holder = { 0 };
	char addr[INET_ADDRSTRLEN], text[LEASE_SUBNET_TEXT];
	uint32_t host = want - subnet->net, size = lease_size(subnet);

	lease_text(want, addr);
	if (want < subnet->net || host >= size)
		return err_set(err, EINVAL, "address %s is not in %s, the managed network's subnet", addr,
			       lease_subnet_text(subnet, text));
	if (host == 1)
		return err_set(err, EINVAL, "address %s is the managed network's gateway", addr);
	if (host == 0 || host == size - 1)
		return err_set(err, EINVAL, "address %s cannot be a container's: it means the network itself", addr);
	int r = registry_get(reg, addr, &holder, err);
	if (r == 0)
		return err_set(err, EADDRINUSE, "address %s belongs to '%s'", addr, holder.name);
	return r == -ENOENT ? 0 : r;
}

static int find_slot(struct registry *reg, const char *network, uint32_t want, uint32_t *ret, struct err *err)
{
	struct lease_subnet subnet;
	int r = lease_keep_subnet(reg, network, &subnet, err);

	if (r < 0)
		return r;
	*ret = want;
	r = want ? check_wanted(reg, &subnet, want, err) : find_free(reg, &subnet, ret, err);
	if (r == -EADDRINUSE || r == -ENOSPC) {
		r = registry_sweep(reg, err);
		if (r == 0)
			r = want ? check_wanted(reg, &subnet, want, err) : find_free(reg, &subnet, ret, err);
	}
	if (r == 0 && !want)
		registry_set_next(reg, (*ret - subnet.net + 1) % lease_size(&subnet));
	return r;
}

int leases_reserve(const struct store *store, struct lease *lease, struct in_addr want, struct err *err)
{
	REGISTRY_INIT(reg);
	char slot[INET_ADDRSTRLEN], mac[18];
	const uint8_t *m = lease->mac;
	uint32_t addr;
	int r = lease_open(&reg, store, lease->network, true, err);

	if (r == 0)
		r = find_slot(&reg, lease->network, ntohl(want.s_addr), &addr, err);
	if (r < 0)
		return r;
	r = str_print(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	if (r == 0)
		r = registry_put(&reg, lease_text(addr, slot), lease->uuid, lease->name, mac, err);
	if (r < 0)
		return r;
	lease->ipv4.s_addr = htonl(addr);
	return 0;
}

/* 1: it is the container's already; 0: free; -EADDRINUSE naming the holder. */
static int look_at(const struct registry *reg, const char *uuid, const char *slot, struct err *err)
{
	autocall(registry_entry_done) struct registry_entry holder = { 0 };
	int r = registry_get(reg, slot, &holder, NULL);

	if (r == 0 && strncmp(holder.uuid, uuid, 36) == 0)
		return 1;
	if (r == 0)
		return err_set(err, EADDRINUSE, "address %s belongs to '%s'", slot, holder.name);
	return r == -ENOENT ? 0 : r;
}

/* addr: of an IPv4 one, which the subnet must have; 0: an IPv6 one, which the caller has looked at. */
static int claim(struct registry *reg, const char *network, const char *uuid, const char *name, const char *slot,
		 uint32_t addr, struct err *err)
{
	char key[REGISTRY_NAME];
	uint32_t same;
	int r = look_at(reg, uuid, slot, NULL);

	if (r == -EADDRINUSE)
		r = registry_sweep(reg, err) < 0 ? -err->code : look_at(reg, uuid, slot, err);
	if (r == 0 && addr)
		r = find_slot(reg, network, addr, &same, err);
	if (r != 0)
		return r;
	registry_further(uuid, registry_count_further(reg, uuid, 0), key);
	return registry_put(reg, slot, key, name, "00:00:00:00:00:00", err);
}

static int claim_slot(const struct store *store, const char *network, const char *uuid, const char *name, const char *slot,
		      uint32_t addr, struct err *err)
{
	REGISTRY_INIT(reading);
	REGISTRY_INIT(writing);
	int r = lease_open(&reading, store, network, false, err);

	if (r < 0 || look_at(&reading, uuid, slot, NULL) == 1)
		return r;
	r = lease_make(&writing, store, network, err);
	r = r < 0 ? r : claim(&writing, network, uuid, name, slot, addr, err);
	return r < 0 ? r : 0;
}

int leases_claim(const struct store *store, const char *network, const char *uuid, const char *name, struct in_addr addr,
		 struct err *err)
{
	char slot[INET_ADDRSTRLEN];

	return claim_slot(store, network, uuid, name, lease_text(ntohl(addr.s_addr), slot), ntohl(addr.s_addr), err);
}

int leases_claim6(const struct store *store, const char *network, const char *uuid, const char *name,
		  const uint8_t addr[static 16], struct err *err)
{
	char slot[INET6_ADDRSTRLEN];

	return claim_slot(store, network, uuid, name, inet_ntop(AF_INET6, addr, slot, sizeof slot), 0, err);
}

/* What of one network is to be freed. */
struct release {
	const struct store *store;
	const char *uuid;
	struct err *err;
};

static int release(const char *network, void *data)
{
	REGISTRY_INIT(reg);
	const struct release *of = data;
	char name[REGISTRY_NAME];
	int r = lease_open(&reg, of->store, network, true, of->err);

	for (unsigned k = r == 0 ? registry_count_further(&reg, of->uuid, 0) : 0; k-- > 0 && r == 0;)
		r = registry_drop(&reg, registry_further(of->uuid, k, name), of->err);
	return r < 0 ? r : registry_drop(&reg, of->uuid, of->err);
}

int leases_release(const struct store *store, const char *uuid, struct err *err)
{
	struct release of = { store, uuid, err };

	return leases_each_network(store, release, &of, err);
}

static int to_lease(const char *network, const char *slot, const struct registry_entry *entry, struct lease *ret)
{
	uint8_t *m = ret->mac;

	*ret = (struct lease){ .fixed = strchr(entry->uuid, ':') };
	str_print(ret->network, sizeof ret->network, "%s", network);
	str_print(ret->uuid, sizeof ret->uuid, "%.36s", entry->uuid);
	memcpy(ret->name, entry->name, sizeof ret->name);
	if (sscanf(entry->note, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6)
		return -EBADMSG;
	return inet_pton(AF_INET, slot, &ret->ipv4) == 1 || inet_pton(AF_INET6, slot, &ret->ipv6) == 1 ? 0 : -EBADMSG;
}

int leases_find(const struct store *store, const char *network, const char *uuid, struct lease *ret, struct err *err)
{
	REGISTRY_INIT(reg);
	autocall(registry_entry_done) struct registry_entry entry = { 0 };
	char slot[INET_ADDRSTRLEN];
	int r = lease_open(&reg, store, network, false, err);

	if (r == 0)
		r = registry_find(&reg, uuid, slot, sizeof slot, err);
	if (r == 0)
		r = registry_get(&reg, slot, &entry, err);
	if (r < 0)
		return r;
	r = to_lease(network, slot, &entry, ret);
	return r < 0 ? err_sys(err, -r, "read the lease of %s", uuid) : 0;
}

struct each {
	const char *network;
	struct lease_network its;
	int (*fn)(const struct lease *lease, void *data);
	void *data;
};

static int each_entry(const char *slot, const struct registry_entry *entry, void *data)
{
	const struct each *each = data;
	struct lease lease;

	if (to_lease(each->network, slot, entry, &lease) < 0)
		return 0;
	if (!lease.fixed && each->its.has6)
		lease.ipv6 = leases_ipv6(&each->its, lease.ipv4);
	return each->fn(&lease, each->data);
}

int leases_each(const struct store *store, const char *network, int (*fn)(const struct lease *lease, void *data), void *data,
		struct err *err)
{
	REGISTRY_INIT(reg);
	struct each each = { .network = network, .fn = fn, .data = data };
	int r = lease_open(&reg, store, network, false, err);

	if (r == 0 && !reg.absent)
		r = leases_network(store, network, &each.its, err);
	return r < 0 ? r : registry_each(&reg, each_entry, &each, err);
}

/* The first is the gateway's; of each 256 the first and the last are nobody's. */
static unsigned room(const struct lease_subnet *subnet)
{
	return subnet->prefix > 24 ? lease_size(subnet) - 3 : lease_size(subnet) / 256 * 254 - 1;
}

static int count_ipv4(const char *slot, const struct registry_entry *entry, void *data)
{
	(void)entry;
	*(unsigned *)data += !strchr(slot, ':');
	return 0;
}

int leases_room(const struct store *store, const char *network, unsigned *ret_all, unsigned *ret_taken, struct err *err)
{
	REGISTRY_INIT(reg);
	struct lease_subnet subnet = { 0 };
	int r = leases_subnet(store, network, &(struct in_addr){ 0 }, &subnet.prefix, err);

	*ret_all = *ret_taken = 0;
	if (r == 0)
		r = lease_open(&reg, store, network, false, err);
	if (r == 0)
		r = registry_each(&reg, count_ipv4, ret_taken, err);
	*ret_all = room(&subnet);
	return r;
}
