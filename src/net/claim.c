/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of the managed network that a configuration names: in the registry of leases too, so that each is one's. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/addr.h"
#include "net/names.h"
#include "net/net.h"
#include "store/leases.h"
#include "store/settings.h"

struct owner {
	const struct store *store;
	const char *name, *uuid;
};

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

static int claim(const struct nic_addr *addr, const struct lease_network *network, const struct owner *owner,
		 const char *its, struct err *err)
{
	struct in_addr own;

	if (addr->family == AF_INET6)
		return check6(addr, network, err) < 0
			       ? -EINVAL
			       : leases_claim6(owner->store, its, owner->uuid, owner->name, addr->addr, err);
	memcpy(&own, addr->addr, sizeof own);
	if (addr->prefix != network->prefix)
		return err_set(err, EINVAL, "the managed network's prefix is /%u", network->prefix);
	return leases_claim(owner->store, its, owner->uuid, owner->name, own, err);
}

static int claim_all(const struct nic_addrs *addrs, const struct owner *owner, const char *its, struct err *err)
{
	struct lease_network network;
	char text[NIC_ADDR_TEXT];
	int r = 0;

	if (!addrs->n)
		return 0;
	if (!leases_known(owner->store, its))
		r = settings_apply(owner->store, its, err);
	if (r >= 0)
		r = leases_network(owner->store, its, &network, err);

	for (size_t i = 0; i < addrs->n && r >= 0; i++) {
		r = claim(&addrs->v[i], &network, owner, its, err);
		if (r < 0)
			err_wrap(err, "%s", addr_text(&addrs->v[i], text));
	}
	return r;
}

int net_lease(const struct nic_conf *nic, const struct store *store, const char *name, const char *uuid, struct lease *ret,
	      struct err *err)
{
	const char *network = net_network(nic);
	int r = leases_find(store, network, uuid, ret, err);

	if (r != -ENOENT)
		return r;
	err_clear(err);
	*ret = (struct lease){ 0 };
	str_print(ret->network, sizeof ret->network, "%s", network);
	str_print(ret->uuid, sizeof ret->uuid, "%s", uuid);
	str_print(ret->name, sizeof ret->name, "%s", name);
	if (nic->has_hwaddr)
		memcpy(ret->mac, nic->hwaddr, sizeof ret->mac);
	else
		net_mac(uuid, nic->index, ret->mac);
	r = settings_apply(store, network, err);
	if (r >= 0)
		r = leases_reserve(store, ret, (struct in_addr){ 0 }, err);
	return r < 0 && *network ? err_wrap(err, "net.%u.network", nic->index) : r;
}

int net_claim(const struct net_conf *conf, const struct store *store, const char *name, const char *uuid, struct err *err)
{
	const struct owner owner = { store, name, uuid };

	for (size_t i = 0; i < conf->n; i++) {
		const struct nic_conf *nic = &conf->v[i];
		const char *its = net_network(nic);
		if (!net_is_managed(nic))
			continue;
		if (claim_all(&nic->ipv4, &owner, its, err) < 0)
			return err_wrap(err, "net.%u.ipv4.address", nic->index);
		if (claim_all(&nic->ipv6, &owner, its, err) < 0)
			return err_wrap(err, "net.%u.ipv6.address", nic->index);
	}
	return 0;
}

static int add_texts(const struct nic_addrs *addrs, struct strv *ret)
{
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < addrs->n; i++)
		if (strv_add(ret, inet_ntop(addrs->v[i].family, addrs->v[i].addr, text, sizeof text)) < 0)
			return -ENOMEM;
	return 0;
}

/* What stays, of one network at a time. */
struct unclaim {
	const struct net_conf *const *confs;
	size_t n;
	const struct store *store;
	const char *uuid;
	struct err *err;
};

static int unclaim(const char *network, void *data)
{
	autocall(strv_done) struct strv keep = { 0 };
	const struct unclaim *u = data;
	bool lease = false;

	for (size_t k = 0; k < u->n; k++)
		for (size_t i = 0; i < u->confs[k]->n; i++) {
			const struct nic_conf *nic = &u->confs[k]->v[i];
			if (!net_is_managed(nic) || !str_eq(net_network(nic), network))
				continue;
			lease |= net_takes_lease(nic);
			if (add_texts(&nic->ipv4, &keep) < 0 || add_texts(&nic->ipv6, &keep) < 0)
				return err_nomem(u->err);
		}
	return leases_keep(u->store, network, u->uuid, lease, &keep, u->err);
}

int net_unclaim(const struct net_conf *const confs[], size_t n, const struct store *store, const char *uuid, struct err *err)
{
	struct unclaim u = { confs, n, store, uuid, err };

	return leases_each_network(store, unclaim, &u, err);
}

int net_reserve(const struct net_conf *conf, const struct store *store, const char *name, const char *uuid, struct err *err)
{
	struct lease lease;
	int r = 0;

	for (size_t i = 0; i < conf->n && r >= 0; i++)
		if (net_takes_lease(&conf->v[i]))
			r = net_lease(&conf->v[i], store, name, uuid, &lease, err);
	return r;
}
