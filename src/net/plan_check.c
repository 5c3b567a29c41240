/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a plan cannot work, now that every address is known. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/names.h"
#include "net/nic.h"

static char digit(const struct nic_addr *addr)
{
	return addr->family == AF_INET ? '4' : '6';
}

/* --- gateways --------------------------------------------------------------------------------------------------------- */

static bool has_route(const struct nic_addr *gateway, const struct nic_via *via)
{
	return gateway->family || via->link || via->device;
}

/* One default route a family: a second one would take the first one's place. */
static int check_one_default(const struct net_plan *plan, struct err *err)
{
	const struct net_nic *four = NULL, *six = NULL;

	for (size_t i = 0; i < plan->n; i++) {
		const struct net_nic *nic = &plan->nics[i];
		const bool is_four = has_route(&nic->gateway, &nic->via), is_six = has_route(&nic->gateway6, &nic->via6);
		if (nic->down)
			continue;
		if ((is_four && four) || (is_six && six))
			return err_set(err, EINVAL, "net.%u.ipv%c.gateway: net.%u has one too: one of them is to be 'none'",
				       nic->index, is_four && four ? '4' : '6', is_four && four ? four->index : six->index);
		four = is_four ? nic : four;
		six = is_six ? nic : six;
	}
	return 0;
}

/* Every interface has such addresses beside its others. */
static bool is_beside(const struct nic_addr *addr)
{
	return addr->family == AF_INET6 && addr_is_link_local(addr);
}

/* Is it reached without a gateway of its own? Behind a veth in router mode everything is. */
static bool is_near(const struct net_nic *nic, const struct nic_addr *gateway)
{
	bool near = nic->opt.veth == VETH_ROUTER || is_beside(gateway);

	for (size_t i = 0; i < nic->n_addrs && !near; i++)
		near = nic->addrs[i].family == gateway->family &&
		       addr_same_net(&nic->addrs[i], gateway, nic->addrs[i].prefix);
	return near;
}

static int check_gateway(const struct net_nic *nic, const struct nic_addr *gateway, struct err *err)
{
	char text[INET6_ADDRSTRLEN];

	if (!gateway->family)
		return 0;
	inet_ntop(gateway->family, gateway->addr, text, sizeof text);
	for (size_t i = 0; i < nic->n_addrs; i++)
		if (nic->addrs[i].family == gateway->family &&
		    memcmp(nic->addrs[i].addr, gateway->addr, sizeof gateway->addr) == 0)
			return err_set(err, EINVAL, "net.%u.ipv%c.gateway: %s is the interface's own address", nic->index,
				       digit(gateway), text);
	if (!is_near(nic, gateway))
		return err_set(err, EINVAL, "net.%u.ipv%c.gateway: %s is not in a subnet of the interface's addresses",
			       nic->index, digit(gateway), text);
	return 0;
}

/* --- addresses -------------------------------------------------------------------------------------------------------- */

/* Two interfaces of one link may share a subnet: the container reaches it by either. */
static int check_addresses(const struct net_nic *a, const struct nic_addr *one, const struct net_nic *b,
			   const struct nic_addr *other, struct err *err)
{
	const unsigned prefix = one->prefix < other->prefix ? one->prefix : other->prefix;
	const unsigned whole = one->family == AF_INET ? 32 : 128;
	const bool one_link = a->managed == b->managed &&
			      (a->managed ? str_eq(a->network, b->network) : a->link[0] && str_eq(a->link, b->link));
	char text[NIC_ADDR_TEXT], its[NIC_ADDR_TEXT];

	if (one->family != other->family)
		return 0;
	if (addr_same_net(one, other, whole))
		return err_set(err, EINVAL, "net.%u.ipv%c.address: %s: net.%u has the same", b->index, digit(other),
			       addr_text(other, text), a->index);
	if (one_link || one->prefix == whole || other->prefix == whole || is_beside(other) ||
	    !addr_same_net(one, other, prefix))
		return 0;
	return err_set(err, EINVAL, "net.%u.ipv%c.address: %s overlaps %s of net.%u, which is on another link", b->index,
		       digit(other), addr_text(other, text), addr_text(one, its), a->index);
}

static int check_pair(const struct net_nic *a, const struct net_nic *b, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < a->n_addrs && r >= 0; i++)
		for (size_t k = 0; k < b->n_addrs && r >= 0; k++)
			r = check_addresses(a, &a->addrs[i], b, &b->addrs[k], err);
	return r;
}

int plan_check(const struct net_plan *plan, struct err *err)
{
	int r = check_one_default(plan, err);

	for (size_t i = 0; i < plan->n && r >= 0; i++) {
		for (size_t k = 0; k < i && r >= 0; k++)
			r = check_pair(&plan->nics[k], &plan->nics[i], err);
		if (r >= 0)
			r = check_gateway(&plan->nics[i], &plan->nics[i].gateway, err);
		if (r >= 0)
			r = check_gateway(&plan->nics[i], &plan->nics[i].gateway6, err);
	}
	return r;
}

/* --- what the host has ------------------------------------------------------------------------------------------------ */

struct search {
	const struct net_nic *nic;
	int link; /* 0: any */
	const struct nic_addr *found;
};

static void compare(const struct nlmsghdr *h, void *data)
{
	struct search *s = data;
	struct rtnl_addr a;

	rtnl_read_addr(h, &a);
	for (size_t i = 0; i < s->nic->n_addrs; i++) {
		const struct nic_addr *addr = &s->nic->addrs[i];
		if (addr->family == a.family && (!s->link || a.index == s->link) &&
		    memcmp(addr->addr, a.local, addr_len(addr)) == 0)
			s->found = addr;
	}
}

int nic_check_link(const struct net_nic *nic, const struct rtnl_link *link, struct err *err)
{
	if (nic->managed || link->group != NET_BRIDGES_GROUP)
		return 0;
	return err_set(err, EINVAL, "net.%u.link: '%s' is a managed network's bridge: a veth without link is on it",
		       nic->index, nic->link);
}

int nic_check_host(int host, const struct net_nic *nic, struct err *err)
{
	struct search s = { .nic = nic };
	char text[NIC_ADDR_TEXT];
	struct rtnl_link link;
	int r = 0;

	if (nic->managed || !nic->n_addrs || nic->type == NIC_PHYS || nic->type == NIC_VLAN)
		return 0;
	if (nic->link[0])
		r = rtnl_find(host, nic->link, &link, NULL);
	else if (nic->opt.veth != VETH_ROUTER)
		return 0;
	s.link = nic->link[0] && r == 0 ? link.index : 0;
	if (r == 0)
		r = rtnl_each_addr(host, compare, &s, err);
	if (!s.found)
		return r == -ENODEV ? 0 : r; /* told when it is made */
	return err_set(err, EADDRINUSE, "net.%u.ipv%c.address: %s is the host's own%s%s%s", nic->index, digit(s.found),
		       addr_text(s.found, text), nic->link[0] ? ", on '" : "", nic->link, nic->link[0] ? "'" : "");
}
