/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the NICs' keys does not go together. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/net.h"

static bool stands_on_another(enum nic_type type)
{
	return type == NIC_MACVLAN || type == NIC_IPVLAN || type == NIC_VLAN;
}

/* Keys of one type that stand in a NIC of another: what is set has no effect there. */
static int check_foreign(const struct nic_conf *nic, struct err *err)
{
	const struct nic_options *opt = &nic->opt;
	const struct {
		const char *key;
		bool set;
		enum nic_type type;
	} rows[] = {
		{ "macvlan.mode", opt->mode != MODE_PRIVATE, NIC_MACVLAN },
		{ "ipvlan.mode", opt->ipvlan != IPVLAN_L3, NIC_IPVLAN },
		{ "ipvlan.isolation", opt->isolation != IPVLAN_BRIDGE, NIC_IPVLAN },
		{ "vlan.id", opt->vlan, NIC_VLAN },
		{ "veth.mode", opt->veth != VETH_BRIDGE, NIC_VETH },
		{ "veth.ipv4.route", opt->routes4.n, NIC_VETH },
		{ "veth.ipv6.route", opt->routes6.n, NIC_VETH },
		{ "veth.vlan.id", opt->untagged != VLAN_UNSET, NIC_VETH },
		{ "veth.vlan.tagged.id", opt->tagged.n, NIC_VETH },
	};

	if (nic->pair && nic->type != NIC_VETH)
		return err_set(err, EINVAL, "net.%u.veth.pair: only a veth has two ends", nic->index);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].set && nic->type != rows[i].type)
			return err_set(err, EINVAL, "net.%u.%s: the interface is no %s", nic->index, rows[i].key,
				       net_type_name(rows[i].type));
	if ((opt->ingress || opt->egress) && nic->type != NIC_VETH)
		return err_set(
			err, EINVAL,
			"net.%u.rate.%s: only a veth has an end on the host, where root of the container cannot change "
			"its rate",
			nic->index, opt->ingress ? "ingress" : "egress");
	return 0;
}

static int check_network(const struct nic_conf *nic, struct err *err)
{
	if (nic->network && nic->type != NIC_VETH)
		return err_set(err, EINVAL, "net.%u.network: only a veth is on a managed network", nic->index);
	if (nic->network && nic->link)
		return err_set(err, EINVAL, "net.%u.network: net.%u.link is set too: it is on one of them", nic->index,
			       nic->index);
	if (nic->network && nic->opt.veth == VETH_ROUTER)
		return err_set(err, EINVAL, "net.%u.network: in mode router a veth is on no network", nic->index);
	return 0;
}

/* What mgr-netd sees to, where it is. */
static int check_guard(const struct nic_conf *nic, struct err *err)
{
	const struct nic_options *opt = &nic->opt;
	const char *key = opt->isolated      ? "isolated"
			  : opt->host_access ? "host.access"
			  : opt->deny.n      ? "egress.deny"
			  : opt->allow.n     ? "egress.allow"
					     : NULL;

	if (key && !net_is_managed(nic))
		return err_set(err, EINVAL, "net.%u.%s: the interface is on no managed network", nic->index, key);
	if (opt->allow.n && !opt->deny.n)
		return err_set(err, EINVAL, "net.%u.egress.allow: there is no net.%u.egress.deny that it is an exception to",
			       nic->index, nic->index);
	return 0;
}

static int check_veth(const struct nic_conf *nic, struct err *err)
{
	const struct nic_options *opt = &nic->opt;
	const bool linked = nic->link && !str_eq(nic->link, "none");

	if (opt->veth == VETH_ROUTER && linked)
		return err_set(err, EINVAL, "net.%u.link: '%s': in mode router a veth is on no bridge", nic->index,
			       nic->link);
	if ((opt->untagged != VLAN_UNSET || opt->tagged.n) && (!linked || net_is_managed(nic)))
		return err_set(err, EINVAL,
			       "net.%u.veth.vlan.%s: needs a bridge of the host's own that filters VLANs as link",
			       nic->index, opt->tagged.n ? "tagged.id" : "id");
	for (size_t i = 0; i < opt->tagged.n; i++)
		if (opt->tagged.v[i] == opt->untagged)
			return err_set(err, EINVAL, "net.%u.veth.vlan.tagged.id: %u is veth.vlan.id too", nic->index,
				       (unsigned)opt->untagged);
	if ((opt->routes4.n || opt->routes6.n) && net_is_managed(nic))
		return err_set(err, EINVAL,
			       "net.%u.veth.ipv%c.route: on the managed network a container has its own addresses alone",
			       nic->index, opt->routes4.n ? '4' : '6');
	return 0;
}

static int check_gateway(const struct nic_conf *nic, const struct nic_gateway *gateway, char family, struct err *err)
{
	const bool routes = nic->type == NIC_IPVLAN && nic->opt.ipvlan != IPVLAN_L2;

	if (gateway->device && !routes)
		return err_set(err, EINVAL, "net.%u.ipv%c.gateway: 'dev' is for an ipvlan in mode l3 or l3s", nic->index,
			       family);
	if (gateway->link && (nic->type == NIC_PHYS || !nic->link || str_eq(nic->link, "none")) && !net_is_managed(nic))
		return err_set(err, EINVAL, "net.%u.ipv%c.gateway: 'auto' is the address of a link on the host: it has none",
			       nic->index, family);
	return 0;
}

static int check_nic(const struct nic_conf *nic, struct err *err)
{
	const bool lower = stands_on_another(nic->type) || nic->type == NIC_PHYS;
	int r;

	if (lower && (!nic->link || str_eq(nic->link, "none")))
		return err_set(err, EINVAL, "net.%u.link: is not set: the interface of the host that a %s is made of",
			       nic->index, net_type_name(nic->type));
	if (nic->type == NIC_VLAN && !nic->opt.vlan)
		return err_set(err, EINVAL, "net.%u.vlan.id: is not set: the number of the VLAN, from 1 to 4094",
			       nic->index);
	if (nic->type == NIC_IPVLAN && nic->has_hwaddr)
		return err_set(err, EINVAL, "net.%u.hwaddr: an ipvlan has that of its link", nic->index);
	r = check_foreign(nic, err);
	if (r == 0)
		r = check_network(nic, err);
	if (r == 0)
		r = check_guard(nic, err);
	if (r == 0 && nic->type == NIC_VETH)
		r = check_veth(nic, err);
	if (r == 0)
		r = check_gateway(nic, &nic->ipv4_gateway, '4', err);
	if (r == 0)
		r = check_gateway(nic, &nic->ipv6_gateway, '6', err);
	return r;
}

/* Of two that are made of an interface of the host: which of the later one's keys is wrong? */
static int check_links(const struct nic_conf *a, const struct nic_conf *b, struct err *err)
{
	const bool phys = a->type == NIC_PHYS || b->type == NIC_PHYS;

	if (a->type == NIC_VETH || b->type == NIC_VETH || !str_eq(a->link, b->link))
		return 0;
	if (phys)
		return err_set(err, EINVAL, "net.%u.link: net.%u has '%s' already", b->index, a->index, a->link);
	if (a->type == NIC_VLAN && b->type == NIC_VLAN && a->opt.vlan == b->opt.vlan)
		return err_set(err, EINVAL, "net.%u.vlan.id: net.%u has VLAN %u of '%s' already", b->index, a->index,
			       a->opt.vlan, a->link);
	if (a->type == NIC_IPVLAN && b->type == NIC_IPVLAN && a->opt.ipvlan != b->opt.ipvlan)
		return err_set(err, EINVAL, "net.%u.ipvlan.mode: net.%u has another one, and all on '%s' have the same",
			       b->index, a->index, a->link);
	return 0;
}

static int check_pair(const struct nic_conf *a, const struct nic_conf *b, struct err *err)
{
	char name[16], other[16];

	if (net_nic_name(a, name) < 0 || net_nic_name(b, other) < 0)
		return err_set(err, EINVAL, "net.%u.name: is too long", b->index);
	if (a->type == NIC_HOST || b->type == NIC_HOST)
		return err_set(err, EINVAL, "net.%u.type: a container that shares the host's network has no other interface",
			       a->type == NIC_HOST ? a->index : b->index);
	if (a->type == NIC_EMPTY || b->type == NIC_EMPTY)
		return 0;
	if (str_eq(name, other))
		return err_set(err, EINVAL, "net.%u.name: '%s' is the name of net.%u too", b->index, other, a->index);
	if (net_takes_lease(a) && net_takes_lease(b) && str_eq(net_network(a), net_network(b)))
		return err_set(
			err, EINVAL,
			"net.%u.ipv4.address: a container has one leased address a network, which is net.%u's: give it "
			"another one, 'none', or another network",
			b->index, a->index);
	if (a->has_hwaddr && b->has_hwaddr && memcmp(a->hwaddr, b->hwaddr, sizeof a->hwaddr) == 0)
		return err_set(err, EINVAL, "net.%u.hwaddr: net.%u has the same", b->index, a->index);
	if (a->pair && str_eq(a->pair, b->pair))
		return err_set(err, EINVAL, "net.%u.veth.pair: net.%u has the same", b->index, a->index);
	return check_links(a, b, err);
}

int net_check(const struct net_conf *net, struct err *err)
{
	for (size_t i = 0; i < net->n; i++)
		if (check_nic(&net->v[i], err) < 0)
			return -err->code;
	for (size_t i = 0; i < net->n; i++)
		for (size_t k = i + 1; k < net->n; k++) {
			int r = check_pair(&net->v[i], &net->v[k], err);
			if (r < 0)
				return r;
		}
	return 0;
}
