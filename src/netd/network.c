/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network as a whole: bridge, table, dnsmasq and the host's settings, and each of them back when somebody takes it away.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/log.h"
#include "base/str.h"
#include "net/net.h"
#include "netd/netd.h"
#include "netd/sysctl.h"

static int add_content(struct nft_content *to, const struct nft_elements *forwards, const struct guards *guards)
{
	int r = 0;

	for (size_t i = 0; i < forwards->n && r >= 0; i++)
		r = forwards->v[i].claimed ? 0 : nft_elements_add(&to->forwards, &forwards->v[i]);
	for (size_t i = 0; i < guards->n && r >= 0; i++)
		r = guards_append(&to->guards, &guards->v[i]);
	return r;
}

int network_restore(struct network *network, struct err *err)
{
	struct nft_content all = { 0 };
	int r = outward_choose(network->netd, err);

	if (r < 0)
		return r;
	network->nft.out_tcp = network->netd->out_tcp;
	network->nft.out_udp = network->netd->out_udp;
	r = add_content(&all, &network->orphans.forwards, &network->orphans.guards);

	for (const struct member *m = network->netd->members; m && r >= 0; m = m->next)
		if (m->network == network)
			r = add_content(&all, &m->elements, &m->guards);
	r = r < 0 ? err_nomem(err) : nft_install(&network->nft, &all, err);
	nft_content_done(&all);
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

/* In this order: route_localnet only behind the rule that guards the host's 127.0.0.1. */
int network_settings(struct network *network, struct err *err)
{
	int r = sysctl_set_own(network->bridge.name, "ipv4", "route_localnet", "1", err);

	if (r >= 0)
		r = sysctl_set(network->netd->dir, "net/ipv4/ip_forward", "1", err);
	if (r >= 0 && network->bridge.has6)
		r = sysctl_forward6(network->netd->dir, network->bridge.name, err);
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

	log_warn("bridge '%s' was removed by somebody: putting it back", network->bridge.name);
	if (r >= 0)
		r = network_plug(network, err);
	if (r >= 0)
		r = watch_bridge(network, err);
	if (r >= 0)
		r = dns_restart(&network->dns, err);
	if (r >= 0)
		others_names(network->others);
	return r;
}

int network_mend_bridge(struct network *network, struct err *err)
{
	int r = bridge_make(&network->bridge, err);

	if (r < 0)
		return r;
	return bridge_watch_other(network->bridge_watch) ? move_to_bridge(network, err) : network_plug(network, err);
}

static void bridge_changed(void *data)
{
	struct network *network = data;
	struct err err = { 0 };

	if (network_mend_bridge(network, &err) < 0 || bridge_check(&network->bridge, &err) < 0)
		log_error("%s", err.msg);
	others_address(network->others);
}

/* --- up and down ------------------------------------------------------------------------------------------------------ */

static int up_files(struct network *network, struct err *err)
{
	int r = network_tell_bridge(network, err);

	return r < 0 ? r : dns_init(&network->dns, network->folder, err);
}

/* One that is there is ours already, whatever else the host has routes for by now. */
static int up_bridge(struct network *network, struct err *err)
{
	int r = network->was_there ? 0 : bridge_check(&network->bridge, err);

	return r < 0 ? r : bridge_make(&network->bridge, err);
}

static int up_table(struct network *network, struct err *err)
{
	int r = nft_open(&network->nft, err);

	if (r >= 0)
		r = orphans_read(network, err);
	return r < 0 ? r : network_restore(network, err);
}

static int up_watches(struct network *network, struct err *err)
{
	network->nft_watch = nft_watch_new(&network->nft, network->netd->loop, table_changed, network, err);
	return network->nft_watch ? watch_bridge(network, err) : -EIO;
}

static int up_names(struct network *network, struct err *err)
{
	if (!network->was_there)
		return dns_start(&network->dns, err);
	dns_keep_trying(&network->dns);
	return 0;
}

static int up_others(struct network *network, struct err *err)
{
	network->others = others_new(&network->nft, &network->dns, &network->legacy, network->netd->loop, err);
	return network->others ? 0 : -EIO;
}

static const struct {
	const char *name;
	int (*up)(struct network *network, struct err *err);
} steps[] = {
	{ "files", up_files },     { "bridge", up_bridge }, { "table", up_table },   { "settings", network_settings },
	{ "watches", up_watches }, { "names", up_names },   { "others", up_others },
};

/* What this process has of it. */
static void let_go(struct network *network)
{
	loop_timer_stop(network->netd->loop, &network->grace);
	loop_timer_stop(network->netd->loop, &network->idle);
	nft_content_done(&network->orphans);
	others_free(network->others);
	nft_watch_free(network->nft_watch);
	bridge_watch_free(network->bridge_watch);
	network->others = NULL;
	network->nft_watch = NULL;
	network->bridge_watch = NULL;
	dns_done(&network->dns);
	nft_close(&network->nft);
	network->up = false;
}

/* Of one that was there before us, and that containers may be using, nothing is taken away. */
int network_up(struct network *network, struct err *err)
{
	int r;

	if (network->up)
		return 0;
	r = network_describe(network, err);
	if (r < 0)
		return r;
	r = bridge_is_ours(&network->bridge, err);
	if (r < 0)
		return r;
	network->was_there = r > 0;
	r = 0;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++) {
		r = steps[i].up(network, err);
		debug_point("netd:up", steps[i].name);
	}
	if (r < 0 && network->was_there)
		let_go(network);
	else if (r < 0)
		network_down(network);
	if (r < 0)
		return r;
	network->up = true;
	networks_tell_names(network->netd);
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

	if (!network->bridge.name[0]) /* never described */
		return;
	if (network->dns.dir < 0 && dns_init(&network->dns, network->folder, &err) < 0)
		log_error("%s", err.msg);
	others_forget(&network->nft, &network->legacy);
	debug_point("netd:down", "others");
	dns_stop(&network->dns);
	debug_point("netd:down", "names");
	if (!is_another_up(network))
		sysctl_restore(network->netd->dir);
	debug_point("netd:down", "settings");
	if ((network->nft.sock || nft_open(&network->nft, &err) >= 0) && nft_remove(&network->nft, &err) < 0)
		log_error("%s", err.msg);
	debug_point("netd:down", "table");
	unlinkat(network->dir, NET_BRIDGE_LINK, 0);
	if (bridge_remove(&network->bridge, &err) < 0)
		log_error("%s", err.msg);
	debug_point("netd:down", "bridge");
	let_go(network);
	networks_tell_names(network->netd);
}
