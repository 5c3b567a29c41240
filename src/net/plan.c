/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From configuration and registries to plain values: what a start will make. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/addr.h"
#include "net/egress.h"
#include "net/names.h"
#include "net/nic.h"
#include "store/leases.h"
#include "store/settings.h"

/* In the container, of what is not a veth: no other has such a number there, and nobody can change it. */
#define FIRST_NUMBER 1000000

/* What the plan is made from. */
struct source {
	const struct net_conf *conf;
	const struct store *store;
	const char *name, *uuid;
};

static int set_type(struct net_plan *plan, const struct net_conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf->n; i++) {
		if (conf->v[i].type == NIC_HOST)
			plan->host = true;
		else if (conf->v[i].type != NIC_EMPTY)
			plan->n++;
	}
	if (plan->host && (plan->n || conf->forward.n))
		return err_set(err, EINVAL, "type = host shares the host's network: no other NIC and no forward beside it");
	return 0;
}

static struct nic_addr ipv4(struct in_addr in, unsigned prefix)
{
	struct nic_addr addr = { .family = AF_INET, .prefix = (uint8_t)prefix };

	memcpy(addr.addr, &in, sizeof in);
	return addr;
}

static struct nic_addr ipv6(struct in6_addr in)
{
	struct nic_addr addr = { .family = AF_INET6, .prefix = 64 };

	memcpy(addr.addr, &in, sizeof in);
	return addr;
}

static void use_addrs(struct net_nic *nic, const struct nic_addrs *addrs)
{
	for (size_t i = 0; i < addrs->n; i++)
		nic->addrs[nic->n_addrs++] = addrs->v[i];
}

/* With an IPv4 address of the network comes the IPv6 one that goes with it. */
static void use_prefix6(struct net_nic *nic, const struct nic_conf *conf, const struct lease_network *network,
			struct in_addr first)
{
	struct in_addr main;

	if (!network->has6 || conf->ipv6.none || !net_has_ipv6())
		return;
	memcpy(&main, nic->addrs[0].addr, sizeof main);
	nic->leased6 = addr_leases(&conf->ipv6);
	if (nic->leased6)
		nic->addrs[nic->n_addrs++] = ipv6(leases_ipv6(network, main));
	nic->gateway6 = ipv6(leases_ipv6(network, first));
}

static int use_managed(struct net_nic *nic, const struct nic_conf *conf, struct net_plan *plan, const struct source *from,
		       struct err *err)
{
	struct lease_network network;
	struct in_addr first;
	struct lease lease;
	int r = leases_known(from->store, nic->network) ? 0 : settings_apply(from->store, nic->network, err);

	if (r >= 0 && net_takes_lease(conf))
		r = net_lease(conf, from->store, from->name, from->uuid, &lease, err);
	if (r >= 0)
		r = leases_network(from->store, nic->network, &network, err);
	if (r >= 0 && net_takes_lease(conf)) /* which stands in the registry alone */
		nic->addrs[nic->n_addrs++] = ipv4(lease.ipv4, network.prefix);
	if (r < 0)
		return r;
	use_addrs(nic, &conf->ipv4);
	if (!nic->n_addrs)
		return 0;
	first = leases_gateway(&network);
	use_prefix6(nic, conf, &network, first);
	if (plan->resolver.s_addr) {
		nic->gateway6 = (struct nic_addr){ 0 };
		return 0;
	}
	nic->gateway = ipv4(first, 32);
	plan->resolver = first;
	memcpy(plan->domain, network.domain, sizeof plan->domain);
	return 0;
}

static int set_names(struct net_nic *nic, const struct nic_conf *conf, const struct source *from, struct err *err)
{
	const char *link = !conf->link || str_eq(conf->link, "none") ? "" : conf->link;

	if (net_nic_name(conf, nic->name) < 0)
		return err_set(err, EINVAL, "net.%u.name: '%s' is longer than an interface's name can be", conf->index,
			       conf->name);
	if (!nic->managed && str_print(nic->link, sizeof nic->link, "%s", link) < 0)
		return err_set(err, EINVAL, "net.%u.link: '%s' is longer than an interface's name can be", conf->index,
			       link);
	if (nic->type != NIC_VETH)
		return *nic->link ? 0 : err_set(err, EINVAL, "net.%u.link: names no interface of the host", conf->index);
	nic->own_pair = conf->pair;
	if (net_veth_name(from->uuid, conf->index, nic->veth) < 0 ||
	    str_print(nic->ifb, sizeof nic->ifb, "%si", nic->veth) < 0)
		return err_set(err, EINVAL, "net.%u of '%s' has no name on the host", conf->index, from->uuid);
	return conf->pair ? str_print(nic->veth, sizeof nic->veth, "%s", conf->pair) : 0;
}

static void set_mac(struct net_nic *nic, const struct nic_conf *conf, const char *uuid)
{
	nic->has_mac =
		conf->has_hwaddr || nic->type == NIC_VETH || (nic->type == NIC_MACVLAN && nic->opt.mode != MODE_PASSTHRU);
	if (conf->has_hwaddr)
		memcpy(nic->mac, conf->hwaddr, sizeof nic->mac);
	else
		net_mac(uuid, conf->index, nic->mac);
}

static void use_gateway(struct nic_addr *gateway, struct nic_via *via, const struct nic_gateway *conf)
{
	if (conf->none || conf->link || conf->device || conf->addr.family)
		*gateway = conf->addr;
	*via = (struct nic_via){ conf->link, conf->device };
}

static int plan_nic(struct net_nic *nic, const struct nic_conf *conf, struct net_plan *plan, const struct source *from,
		    struct err *err)
{
	int r;

	nic->type = conf->type;
	nic->index = conf->index;
	nic->managed = net_is_managed(conf);
	if (nic->managed)
		str_print(nic->network, sizeof nic->network, "%s", net_network(conf));
	nic->mtu = conf->mtu;
	nic->down = conf->down;
	nic->opt = conf->opt;
	nic->number = FIRST_NUMBER + conf->index;
	set_mac(nic, conf, from->uuid);
	r = set_names(nic, conf, from, err);
	if (r >= 0 && nic->managed)
		r = use_managed(nic, conf, plan, from, err);
	if (!nic->managed)
		use_addrs(nic, &conf->ipv4);
	use_addrs(nic, &conf->ipv6);
	use_gateway(&nic->gateway, &nic->via, &conf->ipv4_gateway);
	use_gateway(&nic->gateway6, &nic->via6, &conf->ipv6_gateway);
	return r;
}

static bool has_ipv4(const struct net_nic *nic)
{
	return nic->n_addrs && nic->addrs[0].family == AF_INET;
}

static void fill_nic(struct wire_net_nic *to, const struct net_nic *nic)
{
	str_print(to->network, sizeof to->network, "%s", nic->network);
	str_print(to->veth, sizeof to->veth, "%s", nic->veth);
	memcpy(to->mac, nic->mac, sizeof to->mac);
	to->index = (uint8_t)nic->index;
	to->flags =
		(uint8_t)((nic->opt.isolated ? WIRE_NIC_ISOLATED : 0) | (nic->opt.host_access ? WIRE_NIC_HOST_ACCESS : 0));
}

static size_t count_items(const struct net_nic *nic)
{
	return nic->n_addrs + egress_items(&nic->opt.deny, WIRE_ITEM_EGRESS_DENY, 0, NULL) +
	       egress_items(&nic->opt.allow, WIRE_ITEM_EGRESS_ALLOW, 0, NULL);
}

static struct wire_net_item *fill_items(struct wire_net_item *to, const struct net_nic *nic, uint8_t place)
{
	for (size_t i = 0; i < nic->n_addrs; i++, to++) {
		const struct nic_addr *addr = &nic->addrs[i];
		*to = (struct wire_net_item){
			WIRE_ITEM_ADDRESS, place, addr->family, addr->family == AF_INET ? 32 : 128, { 0 }
		};
		memcpy(to->addr, addr->addr, sizeof to->addr);
	}
	to += egress_items(&nic->opt.deny, WIRE_ITEM_EGRESS_DENY, place, to);
	return to + egress_items(&nic->opt.allow, WIRE_ITEM_EGRESS_ALLOW, place, to);
}

/* The first managed NIC with an IPv4 address has the container's name and its forwards. */
static int fill_head(struct wire_net_join *join, const struct net_nic *nic, const struct source *from, struct err *err)
{
	if (str_print(join->store, sizeof join->store, "%s", from->store->containers) < 0)
		return err_set(err, ENAMETOOLONG,
			       "the store's path is longer than the %zu bytes that the managed network takes: '%s'",
			       sizeof join->store - 1, from->store->containers);
	str_print(join->name, sizeof join->name, "%s", from->name);
	str_print(join->uuid, sizeof join->uuid, "%s", from->uuid);
	str_print(join->veth, sizeof join->veth, "%s", nic->veth);
	memcpy(join->mac, nic->mac, sizeof join->mac);
	if (has_ipv4(nic))
		memcpy(&join->ipv4, nic->addrs[0].addr, sizeof join->ipv4);
	join->ipv6 = nic->leased6;
	return 0;
}

/* What mgr-netd is told of all the managed NICs. */
static int plan_join(struct net_plan *plan, const struct source *from, struct err *err)
{
	const struct forward_conf *forward = &from->conf->forward;
	const struct net_nic *first = NULL;
	struct wire_net_item *item;
	size_t nics = 0, items = 0;
	int r;

	for (size_t i = 0; i < plan->n; i++) {
		const struct net_nic *nic = &plan->nics[i];
		if (!nic->managed)
			continue;
		first = !first || (!has_ipv4(first) && has_ipv4(nic)) ? nic : first;
		nics++;
		items += count_items(nic);
	}
	if (forward->n && (!first || !has_ipv4(first)))
		return err_set(err, EINVAL,
			       "forward.port: there is no NIC with an address on the managed network to forward to");
	if (forward->n && first->index != 0)
		return err_set(err, EINVAL, "forward.port: net.0 has no IPv4 address on the managed network to forward to");
	if (!first)
		return 0;
	plan->join = wire_join_new(forward->n, nics, items, &plan->join_len, err);
	if (!plan->join)
		return -ENOMEM;
	r = fill_head(plan->join, first, from, err);
	if (r < 0)
		return r;
	if (forward->n)
		memcpy(plan->join->forwards, forward->v, forward->n * sizeof *forward->v);
	if (wire_join_packed(plan->join) > WIRE_JOIN_MAX)
		return err_set(err, E2BIG, "forward.port: %zu are more than a container can have: a range of ports is one",
			       forward->n);
	item = wire_join_items(plan->join);
	for (size_t i = 0, place = 0; i < plan->n; i++) {
		if (!plan->nics[i].managed)
			continue;
		fill_nic(&wire_join_nics(plan->join)[place], &plan->nics[i]);
		item = fill_items(item, &plan->nics[i], (uint8_t)place++);
	}
	return 0;
}

int net_plan(struct net_plan *plan, const struct net_conf *conf, const struct store *store, const char *name,
	     const char *uuid, struct err *err)
{
	int r = net_claim(conf, store, name, uuid, err);

	*plan = (struct net_plan){ .conn = -1, .store = store };
	return r < 0 ? r : net_look(plan, conf, store, name, uuid, err);
}

int net_look(struct net_plan *plan, const struct net_conf *conf, const struct store *store, const char *name,
	     const char *uuid, struct err *err)
{
	const struct source from = { conf, store, name, uuid };
	size_t made = 0;
	int r;

	*plan = (struct net_plan){ .conn = -1, .store = store };
	r = set_type(plan, conf, err);
	if (r < 0 || plan->host)
		return r;
	plan->nics = calloc(plan->n ? plan->n : 1, sizeof *plan->nics);
	if (!plan->nics)
		return err_nomem(err);
	for (size_t i = 0; i < conf->n && r >= 0; i++) {
		if (conf->v[i].type == NIC_EMPTY)
			continue;
		r = plan_nic(&plan->nics[made++], &conf->v[i], plan, &from, err);
	}
	if (r >= 0)
		r = plan_check(plan, err);
	if (r >= 0)
		r = plan_join(plan, &from, err);
	if (r < 0)
		net_plan_done(plan);
	return r < 0 ? r : 0;
}

void net_plan_done(struct net_plan *plan)
{
	if (!plan)
		return;
	if (plan->conn > 0)
		close(plan->conn);
	free(plan->nics);
	free(plan->join);
	*plan = (struct net_plan){ .conn = -1 };
}
