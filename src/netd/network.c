/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network as a whole: bridge, table, dnsmasq and the host's settings, and each of them back when somebody takes it away.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "net/net.h"
#include "netd/netd.h"
#include "netd/sysctl.h"
#include "store/leases.h"
#include "store/settings.h"

int network_restore(struct network *network, struct err *err)
{
	struct nft_elements all = { 0 };
	int r = 0;

	for (const struct member *m = network->netd->members; m; m = m->next)
		for (size_t i = 0; m->network == network && i < m->elements.n && r >= 0; i++)
			r = nft_elements_add(&all, &m->elements.v[i]);
	for (size_t i = 0; i < network->orphans.n && r >= 0; i++)
		r = nft_elements_add(&all, &network->orphans.v[i]);
	r = r < 0 ? err_nomem(err) : nft_install(&network->nft, &all, err);
	nft_elements_done(&all);
	return r;
}

static void table_changed(void *data)
{
	struct network *network = data;
	struct err err = { 0 };

	log_warn("nftables table '%s' was changed by somebody: putting it back", network->nft.table);
	if (network_restore(network, &err) < 0)
		log_error("%s", err.msg);
}

static void describe6(struct network *network, const struct lease_network *lease)
{
	struct bridge *bridge = &network->bridge;

	bridge->has6 = lease->has6 && net_has_ipv6();
	bridge->why6 = !lease->has6 ? "mgr.conf has ipv6.prefix = none" : "the host has IPv6 disabled";
	bridge->net6 = lease->net6;
	bridge->gateway6 = leases_ipv6(lease, bridge->gateway);
	network->nft.has6 = bridge->has6;
	network->nft.net6 = bridge->net6;
	if (!bridge->has6)
		log_info("the network has no IPv6: %s", bridge->why6);
}

/* Names and numbers, from the store. */
static int describe(struct network *network, struct err *err)
{
	const struct store *store = &network->netd->store;
	struct lease_network lease = { 0 };
	int r = settings_apply(store, err);

	if (r == 0)
		r = leases_network(store, &lease, err);
	if (r < 0)
		return r;
	network->bridge.net = lease.net;
	network->bridge.prefix = lease.prefix;
	network->bridge.gateway.s_addr = lease.net.s_addr | htonl(1);
	net_bridge_name(store, network->bridge.name);
	net_bridge_name(store, network->nft.bridge);
	network->nft.net = network->bridge.net;
	network->nft.prefix = network->bridge.prefix;
	describe6(network, &lease);
	return str_print(network->nft.table, sizeof network->nft.table, store->id[0] ? "mgr_%s" : "mgr", store->id);
}

/* In this order: route_localnet only behind the rule that guards the host's 127.0.0.1. */
static int make_table(struct network *network, struct err *err)
{
	int r = nft_read(&network->nft, &network->orphans, err);

	if (r >= 0)
		r = network_restore(network, err);
	if (r >= 0)
		r = sysctl_set_own(network->bridge.name, "ipv4", "route_localnet", "1", err);
	if (r >= 0)
		r = sysctl_set(network->netd->dir, "net/ipv4/ip_forward", "1", err);
	if (r >= 0 && network->bridge.has6)
		r = sysctl_forward6(network->netd->dir, network->bridge.name, err);
	if (r >= 0) {
		network->nft_watch = nft_watch_new(&network->nft, network->netd->loop, table_changed, network, err);
		r = network->nft_watch ? 0 : -EIO;
	}
	return r;
}

static void bridge_changed(void *data);

static int watch_bridge(struct network *network, struct err *err)
{
	bridge_watch_free(network->bridge_watch);
	network->bridge_watch = bridge_watch_new(&network->bridge, network->netd->loop, bridge_changed, network, err);
	return network->bridge_watch ? 0 : -EIO;
}

/* A bridge in place of the old one: its ports are to be its own again, and dnsmasq is bound to the old one. */
static int move_to_bridge(struct network *network, struct err *err)
{
	int r = sysctl_set_own(network->bridge.name, "ipv4", "route_localnet", "1", err);

	for (const struct member *m = network->netd->members; m && r >= 0; m = m->next)
		if (m->network == network)
			r = bridge_join(&network->bridge, m->join->veth, err);
	if (r >= 0)
		r = watch_bridge(network, err);
	return r < 0 ? r : dns_restart(&network->dns, err);
}

static void bridge_changed(void *data)
{
	struct network *network = data;
	struct err err = { 0 };
	int r = bridge_make(&network->bridge, &err);

	if (r >= 0 && bridge_watch_other(network->bridge_watch)) {
		log_warn("bridge '%s' was removed by somebody: putting it back", network->bridge.name);
		r = move_to_bridge(network, &err);
	}
	if (r < 0)
		log_error("%s", err.msg);
}

int network_up(struct network *network, struct err *err)
{
	int r;

	if (network->up)
		return 0;
	r = describe(network, err);
	if (r < 0)
		return r;
	r = dns_init(&network->dns, network->folder, err);
	if (r >= 0)
		r = nft_open(&network->nft, err);
	if (r >= 0)
		r = bridge_make(&network->bridge, err);
	if (r >= 0)
		r = make_table(network, err);
	if (r >= 0)
		r = watch_bridge(network, err);
	if (r >= 0)
		r = dns_start(&network->dns, err);
	if (r >= 0) {
		network->others = others_new(&network->nft, network->netd->loop, err);
		r = network->others ? 0 : -EIO;
	}
	if (r < 0) {
		network_down(network);
		return r;
	}
	network->up = true;
	loop_timer_start(network->netd->loop, &network->grace, clock_in(NETD_GRACE));
	return 0;
}

static bool is_another_up(const struct network *network)
{
	const struct network *other = network->netd->networks;

	while (other && (other == network || !other->up))
		other = other->next;
	return other;
}

/* Whatever there is of it: after a network_up that failed too. */
void network_down(struct network *network)
{
	struct err err = { 0 };

	loop_timer_stop(network->netd->loop, &network->grace);
	nft_elements_done(&network->orphans);
	others_end(network->others, &network->nft);
	network->others = NULL;
	nft_watch_free(network->nft_watch);
	bridge_watch_free(network->bridge_watch);
	network->nft_watch = NULL;
	network->bridge_watch = NULL;
	dns_stop(&network->dns);
	dns_done(&network->dns);
	if (!is_another_up(network))
		sysctl_restore(network->netd->dir);
	if (network->nft.sock && nft_remove(&network->nft, &err) < 0)
		log_error("%s", err.msg);
	nft_close(&network->nft);
	if (bridge_remove(&network->bridge, &err) < 0)
		log_error("%s", err.msg);
	network->up = false;
}
