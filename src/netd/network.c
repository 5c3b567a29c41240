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

int network_restore(struct netd *netd, struct err *err)
{
	struct nft_elements all = { 0 };
	int r = 0;

	for (const struct member *m = netd->members; m; m = m->next)
		for (size_t i = 0; i < m->elements.n && r >= 0; i++)
			r = nft_elements_add(&all, &m->elements.v[i]);
	for (size_t i = 0; i < netd->orphans.n && r >= 0; i++)
		r = nft_elements_add(&all, &netd->orphans.v[i]);
	r = r < 0 ? err_nomem(err) : nft_install(&netd->nft, &all, err);
	nft_elements_done(&all);
	return r;
}

static void table_changed(void *data)
{
	struct netd *netd = data;
	struct err err = { 0 };

	log_warn("nftables table '%s' was changed by somebody: putting it back", netd->nft.table);
	if (network_restore(netd, &err) < 0)
		log_error("%s", err.msg);
}

static void describe6(struct netd *netd, const struct lease_network *network)
{
	struct bridge *bridge = &netd->bridge;

	bridge->has6 = network->has6 && net_has_ipv6();
	bridge->why6 = !network->has6 ? "mgr.conf has ipv6.prefix = none" : "the host has IPv6 disabled";
	bridge->net6 = network->net6;
	bridge->gateway6 = leases_ipv6(network, bridge->gateway);
	netd->nft.has6 = bridge->has6;
	netd->nft.net6 = bridge->net6;
	if (!bridge->has6)
		log_info("the network has no IPv6: %s", bridge->why6);
}

/* Names and numbers, from the store. */
static int describe(struct netd *netd, struct err *err)
{
	struct lease_network network = { 0 };
	int r = settings_apply(&netd->store, err);

	if (r == 0)
		r = leases_network(&netd->store, &network, err);
	if (r < 0)
		return r;
	netd->bridge.net = network.net;
	netd->bridge.prefix = network.prefix;
	netd->bridge.gateway.s_addr = network.net.s_addr | htonl(1);
	net_bridge_name(&netd->store, netd->bridge.name);
	net_bridge_name(&netd->store, netd->nft.bridge);
	netd->nft.net = netd->bridge.net;
	netd->nft.prefix = netd->bridge.prefix;
	describe6(netd, &network);
	return str_print(netd->nft.table, sizeof netd->nft.table, netd->store.id[0] ? "mgr_%s" : "mgr", netd->store.id);
}

/* In this order: route_localnet only behind the rule that guards the host's 127.0.0.1. */
static int make_table(struct netd *netd, struct err *err)
{
	int r = nft_read(&netd->nft, &netd->orphans, err);

	if (r >= 0)
		r = network_restore(netd, err);
	if (r >= 0)
		r = sysctl_set_own(netd->bridge.name, "ipv4", "route_localnet", "1", err);
	if (r >= 0)
		r = sysctl_set(netd->dir, "net/ipv4/ip_forward", "1", err);
	if (r >= 0 && netd->bridge.has6)
		r = sysctl_forward6(netd->dir, netd->bridge.name, err);
	if (r >= 0) {
		netd->nft_watch = nft_watch_new(&netd->nft, netd->loop, table_changed, netd, err);
		r = netd->nft_watch ? 0 : -EIO;
	}
	return r;
}

static void bridge_changed(void *data);

static int watch_bridge(struct netd *netd, struct err *err)
{
	bridge_watch_free(netd->bridge_watch);
	netd->bridge_watch = bridge_watch_new(&netd->bridge, netd->loop, bridge_changed, netd, err);
	return netd->bridge_watch ? 0 : -EIO;
}

/* A bridge in place of the old one: its ports are to be its own again, and dnsmasq is bound to the old one. */
static int move_to_bridge(struct netd *netd, struct err *err)
{
	int r = sysctl_set_own(netd->bridge.name, "ipv4", "route_localnet", "1", err);

	for (const struct member *m = netd->members; m && r >= 0; m = m->next)
		r = bridge_join(&netd->bridge, m->join->veth, err);
	if (r >= 0)
		r = watch_bridge(netd, err);
	return r < 0 ? r : dns_restart(&netd->dns, err);
}

static void bridge_changed(void *data)
{
	struct netd *netd = data;
	struct err err = { 0 };
	int r = bridge_make(&netd->bridge, &err);

	if (r >= 0 && bridge_watch_other(netd->bridge_watch)) {
		log_warn("bridge '%s' was removed by somebody: putting it back", netd->bridge.name);
		r = move_to_bridge(netd, &err);
	}
	if (r < 0)
		log_error("%s", err.msg);
}

int network_up(struct netd *netd, struct err *err)
{
	int r;

	if (netd->up)
		return 0;
	r = describe(netd, err);
	if (r < 0)
		return r;
	r = dns_init(&netd->dns, netd->folder, err);
	if (r >= 0)
		r = nft_open(&netd->nft, err);
	if (r >= 0)
		r = bridge_make(&netd->bridge, err);
	if (r >= 0)
		r = make_table(netd, err);
	if (r >= 0)
		r = watch_bridge(netd, err);
	if (r >= 0)
		r = dns_start(&netd->dns, err);
	if (r < 0) {
		network_down(netd);
		return r;
	}
	netd->up = true;
	loop_timer_start(netd->loop, &netd->grace, clock_in(NETD_GRACE));
	return 0;
}

/* Whatever there is of it: after a network_up that failed too. */
void network_down(struct netd *netd)
{
	struct err err = { 0 };

	loop_timer_stop(netd->loop, &netd->grace);
	nft_elements_done(&netd->orphans);
	nft_watch_free(netd->nft_watch);
	bridge_watch_free(netd->bridge_watch);
	netd->nft_watch = NULL;
	netd->bridge_watch = NULL;
	dns_stop(&netd->dns);
	dns_done(&netd->dns);
	sysctl_restore(netd->dir);
	if (netd->nft.sock && nft_remove(&netd->nft, &err) < 0)
		log_error("%s", err.msg);
	nft_close(&netd->nft);
	if (bridge_remove(&netd->bridge, &err) < 0)
		log_error("%s", err.msg);
	netd->up = false;
}
