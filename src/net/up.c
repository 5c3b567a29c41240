/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's NICs, made and configured from outside by netlink alone. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/nic.h"

#define LO 1 /* its index in every network namespace (loopback_net_init() in the kernel's loopback.c) */

/* What is set of a NIC in the container: one packet of requests, and what each is for. */
struct setting {
	struct rtnl_batch batch;
	const struct net_nic *nic;                 /* NULL: lo */
	const struct nic_addr *four, *six;         /* gateways */
	const struct nic_addr *of[RTNL_BATCH_MAX]; /* NULL: bring it up */
};

static void add(struct setting *set, const struct rtnl_msg *m, const struct nic_addr *of)
{
	if (set->batch.n < RTNL_BATCH_MAX)
		set->of[set->batch.n] = of;
	rtnl_batch_add(&set->batch, m);
}

static void add_up(struct setting *set, int index)
{
	struct ifinfomsg info = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	add(set, &m, NULL);
}

static void add_address(struct setting *set, const struct nic_addr *addr, int index)
{
	struct rtnl_addr a = { .index = index, .family = addr->family, .prefix = addr->prefix, .broadcast = true };
	struct rtnl_msg m;

	memcpy(a.local, addr->addr, sizeof a.local);
	memcpy(a.peer, addr->addr, sizeof a.peer);
	if (addr->family == AF_INET6) /* there when init runs, not a second later: nobody else has it */
		a.flags = IFA_F_NODAD | IFA_F_PERMANENT;
	rtnl_start_addr(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &a);
	add(set, &m, addr);
}

/* The host's end of a veth in router mode answers for gateways that are anywhere. */
static void add_gateway(struct setting *set, const struct nic_addr *gateway, int index)
{
	struct rtmsg info = {
		.rtm_family = gateway->family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = set->nic->opt.veth == VETH_ROUTER ? RTNH_F_ONLINK : 0,
	};
	/* the link is up by now: a router's advertisement may have been faster, and its route, of the same metric, would go
	 * before ours (RFC 4861, 6.3.4) */
	const uint16_t replace = gateway->family == AF_INET6 ? NLM_F_REPLACE : NLM_F_EXCL;
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWROUTE, NLM_F_CREATE | replace, &info, sizeof info);
	rtnl_put(&m, RTA_GATEWAY, gateway->addr, addr_len(gateway));
	rtnl_put_u32(&m, RTA_OIF, (uint32_t)index);
	add(set, &m, gateway);
}

/* A default route that names no gateway. */
static void add_device(struct setting *set, uint8_t family, const struct nic_addr *of, int index)
{
	struct rtmsg info = {
		.rtm_family = family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof info);
	rtnl_put_u32(&m, RTA_OIF, (uint32_t)index);
	add(set, &m, of);
}

static int apply(int guest, struct setting *set, struct err *err)
{
	const struct net_nic *nic = set->nic;
	const struct nic_addr *of;
	char text[NIC_ADDR_TEXT];
	size_t failed;
	int r = rtnl_batch_talk(guest, &set->batch, &failed, err);

	if (r >= 0)
		return 0;
	of = set->of[failed];
	if (!of)
		return err_wrap(err, "bring up '%s'", nic ? nic->name : "lo");
	if (nic && (of == set->four || of == set->six) && !of->family)
		return err_wrap(err, "default route by '%s'", nic->name);
	if (nic && (of == set->four || of == set->six))
		return err_wrap(err, "route of '%s' by gateway %s", nic->name,
				inet_ntop(of->family, of->addr, text, sizeof text));
	return err_wrap(err, "give '%s' the address %s", nic ? nic->name : "lo", addr_text(of, text));
}

/* Of the link's addresses, the first of a family that others than its neighbours can use. */
struct wanted {
	int index;
	struct nic_addr *four, *six;
};

static void take_gateway(const struct nlmsghdr *h, void *data)
{
	const struct wanted *w = data;
	struct nic_addr *to;
	struct rtnl_addr a;

	rtnl_read_addr(h, &a);
	to = a.family == AF_INET ? w->four : w->six;
	if (a.index != w->index || !to || to->family || a.scope != RT_SCOPE_UNIVERSE)
		return;
	to->family = a.family;
	to->prefix = a.prefix;
	memcpy(to->addr, a.local, sizeof to->addr);
}

/* Those that are to be what the link has on the host. */
static int find_gateways(const struct net_nic *nic, int host, struct nic_addr *four, struct nic_addr *six, struct err *err)
{
	struct wanted w = { .four = nic->via.link ? four : NULL, .six = nic->via6.link ? six : NULL };
	struct rtnl_link link = { 0 };
	int r;

	if (!w.four && !w.six)
		return 0;
	r = rtnl_find(host, nic->link, &link, err);
	w.index = link.index;
	if (r >= 0)
		r = rtnl_each_addr(host, take_gateway, &w, err);
	if (r < 0)
		return err_wrap(err, "find the address of '%s'", nic->link);
	if ((w.four && !w.four->family) || (w.six && !w.six->family))
		return err_set(err, EADDRNOTAVAIL, "net.%u.ipv%c.gateway: '%s' has no address on the host", nic->index,
			       w.four && !w.four->family ? '4' : '6', nic->link);
	return 0;
}

static int configure(const struct sides *s, const struct net_nic *nic, int index, struct err *err)
{
	struct nic_addr four = nic->gateway, six = nic->gateway6;
	struct setting set = { .nic = nic, .four = &four, .six = &six };
	int r = find_gateways(nic, s->host, &four, &six, err);

	if (r < 0)
		return r;
	if (s->with_lo)
		add_up(&set, LO);
	if (!nic->down)
		add_up(&set, index);
	for (size_t i = 0; i < nic->n_addrs; i++)
		add_address(&set, &nic->addrs[i], index);
	if (four.family && !nic->down)
		add_gateway(&set, &four, index);
	if (six.family && !nic->down)
		add_gateway(&set, &six, index);
	if (nic->via.device && !nic->down)
		add_device(&set, AF_INET, &four, index);
	if (nic->via6.device && !nic->down)
		add_device(&set, AF_INET6, &six, index);
	return apply(s->guest, &set, err);
}

static int make_nic(struct net_plan *plan, const struct sides *s, const struct net_nic *nic, const struct net_record *record,
		    uint64_t deadline, struct err *err)
{
	int index = (int)nic->number, r = nic_check_host(s->host, nic, err);
	struct rtnl_link bridge;

	if (r < 0)
		return r;
	switch (nic->type) {
	case NIC_MACVLAN:
	case NIC_IPVLAN:
	case NIC_VLAN:
		r = upper_make(s, nic, plan->store, record, err);
		break;
	case NIC_PHYS:
		r = phys_make(s, nic, plan->store, record, err);
		break;
	default:
		r = veth_check(s->host, nic, plan->store, record, err);
		if (r >= 0)
			r = veth_record(nic, record, err);
		if (r >= 0)
			r = nic_await_bridge(plan, nic, s->host, &bridge, deadline, err);
		if (r >= 0)
			r = veth_make(s, nic, &bridge, plan->store, record, &index, err);
	}
	return r < 0 ? r : configure(s, nic, index, err);
}

/* Whose line it is stands before it: one NIC may go alone. What all share stays until the last has gone. */
struct owned {
	const struct net_record *to;
	unsigned nic;
};

static int record_owned(void *data, const char *line, struct err *err)
{
	const struct owned *of = data;
	autofree char *whole = str_starts(line, PIN_LINE) ? strdup(line) : str_fmt("%u %s", of->nic, line);

	return whole ? of->to->fn(of->to->data, whole, err) : err_nomem(err);
}

static int make_recorded(struct net_plan *plan, const struct sides *s, const struct net_nic *nic,
			 const struct net_record *record, uint64_t deadline, struct err *err)
{
	struct owned of = { record, nic->index };
	const struct net_record owned = { record_owned, &of, record->rundir };

	return make_nic(plan, s, nic, &owned, deadline, err);
}

int net_up(struct net_plan *plan, int netns, const struct net_record *record, uint64_t deadline, struct err *err)
{
	autoclose int host = -1;
	autoclose int guest = rtnl_open(netns, err);
	struct setting lo = { 0 };
	int r = guest;

	add_up(&lo, LO);
	if (r >= 0)
		r = plan->n ? host = rtnl_open(-1, err) : apply(guest, &lo, err);
	for (size_t i = 0; i < plan->n && r >= 0; i++) {
		const struct sides s = { host, guest, netns, i == 0 };
		r = make_recorded(plan, &s, &plan->nics[i], record, deadline, err);
	}
	return r < 0 ? r : 0;
}

int net_up_nic(struct net_plan *plan, const struct net_nic *nic, int netns, const struct net_record *record,
	       uint64_t deadline, struct err *err)
{
	autoclose int host = rtnl_open(-1, err);
	autoclose int guest = host < 0 ? host : rtnl_open(netns, err);
	const struct sides s = { host, guest, netns, false };
	struct rtnl_link link;

	if (guest < 0)
		return guest;
	if (rtnl_find(guest, nic->name, &link, NULL) == 0)
		return err_set(err, EEXIST, "the container has an interface '%s' already", nic->name);
	return make_recorded(plan, &s, nic, record, deadline, err);
}
