/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a network is called and its numbers: from mgr.conf, and from the registry of its leases. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "net/net.h"
#include "netd/netd.h"
#include "store/settings.h"

static void describe6(struct network *network, const struct lease_network *lease)
{
	struct bridge *bridge = &network->bridge;

	bridge->has6 = lease->has6 && net_has_ipv6();
	bridge->why6 = !lease->has6 ? "mgr.conf has ipv6.prefix = none" : "the host has IPv6 disabled";
	bridge->net6 = lease->net6;
	bridge->gateway6 = leases_ipv6(lease, bridge->gateway);
	network->nft.has6 = bridge->has6;
	network->nft.net6 = bridge->net6;
	network->nft.gateway6 = bridge->gateway6;
	if (!bridge->has6)
		log_info("the network has no IPv6: %s", bridge->why6);
}

/* One that is there keeps the bridge that it has, whatever mgr.conf says by now. */
static void name_bridge(struct network *network, const char *wanted)
{
	char *name = network->bridge.name;
	ssize_t n = readlinkat(network->dir, NET_BRIDGE_LINK, name, sizeof network->bridge.name - 1);

	if (n > 0)
		name[n] = '\0';
	else if (wanted)
		str_print(name, sizeof network->bridge.name, "%s", wanted);
	else
		net_bridge_name(&network->netd->store, network->name, name);
	memcpy(network->nft.bridge, name, sizeof network->nft.bridge);
}

static int describe_dns(struct dns *dns, const struct settings_network *its, struct err *err)
{
	free(dns->domain);
	strv_done(&dns->resolvers);
	dns->domain = strdup(its->domain ? its->domain : LEASE_DOMAIN_USUAL);
	for (size_t i = 0; i < its->resolvers.n; i++)
		if (strv_add(&dns->resolvers, its->resolvers.v[i]) < 0)
			return err_nomem(err);
	return dns->domain ? 0 : err_nomem(err);
}

static int describe(struct network *network, const struct settings_network *its, struct err *err)
{
	const struct store *store = &network->netd->store;
	struct bridge *bridge = &network->bridge;
	struct lease_network lease = { 0 };
	int r = settings_use(store, its, err);

	if (r == 0)
		r = leases_network(store, network->name, &lease, err);
	if (r == 0)
		r = describe_dns(&network->dns, its, err);
	if (r < 0)
		return r;
	bridge->net = network->nft.net = lease.net;
	bridge->prefix = network->nft.prefix = lease.prefix;
	bridge->gateway = leases_gateway(&lease);
	name_bridge(network, its->bridge);
	describe6(network, &lease);
	return str_print(network->nft.table, sizeof network->nft.table, "mgr%s%s%s%s", store->id[0] ? "_" : "", store->id,
			 network->name[0] ? "-" : "", network->name);
}

int network_describe(struct network *network, struct err *err)
{
	const struct store *store = &network->netd->store;
	autocall(settings_done) struct settings settings = { 0 };
	const struct settings_network *its;
	int r = settings_load(store, &settings, err);

	if (r == 0)
		r = settings_network(store, &settings, network->name, &its, err);
	return r < 0 ? r : describe(network, its, err);
}

static bool same_resolvers(const struct strv *a, const struct strv *b)
{
	size_t i = 0;

	while (i < a->n && i < b->n && str_eq(a->v[i], b->v[i]))
		i++;
	return i == a->n && i == b->n;
}

/* The key of its section that is not in force; NULL: all of it is. */
static const char *find_other(const struct network *network, const struct settings_network *its)
{
	const struct bridge *bridge = &network->bridge;
	const struct settings_prefix6 *six = &its->prefix6;

	if (its->subnet.net.s_addr && (its->subnet.net.s_addr != bridge->net.s_addr || its->subnet.prefix != bridge->prefix))
		return "ipv4.subnet";
	if (six->set && bridge->has6 && (six->none || !IN6_ARE_ADDR_EQUAL(&six->net, &bridge->net6)))
		return "ipv6.prefix";
	if (its->bridge && !str_eq(its->bridge, bridge->name))
		return "bridge";
	if (!str_eq(its->domain ? its->domain : LEASE_DOMAIN_USUAL, network->dns.domain))
		return "domain";
	return same_resolvers(&its->resolvers, &network->dns.resolvers) ? NULL : "resolvers";
}

int network_compare(const struct network *network, struct err *err)
{
	const struct store *store = &network->netd->store;
	autocall(settings_done) struct settings settings = { 0 };
	const struct settings_network *its;
	const char *key = NULL;
	int r = settings_load(store, &settings, err);

	if (r == 0)
		r = settings_network(store, &settings, network->name, &its, err);
	if (r == 0)
		key = find_other(network, its);
	if (!key)
		return r;
	return err_set(err, EBUSY,
		       "mgr.conf has another %s for the network by now: it holds when the network comes up next, after "
		       "its last container has stopped and 'mgr-net down'",
		       key);
}

int network_tell_bridge(const struct network *network, struct err *err)
{
	unlinkat(network->dir, NET_BRIDGE_LINK, 0);
	if (symlinkat(network->bridge.name, network->dir, NET_BRIDGE_LINK) < 0)
		return err_sys(err, errno, "make link '%s/" NET_BRIDGE_LINK "'", network->folder);
	return 0;
}
