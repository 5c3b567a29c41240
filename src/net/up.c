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

/* What is set of a NIC in the container: one packet of requests, and what each is for. */
struct setting {
	struct rtnl_batch batch;
	const struct net_nic *nic;                 /* NULL: lo */
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
	struct ifaddrmsg info = { .ifa_family = addr->family, .ifa_prefixlen = addr->prefix, .ifa_index = (uint32_t)index };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	rtnl_put(&m, IFA_LOCAL, addr->addr, addr_len(addr));
	rtnl_put(&m, IFA_ADDRESS, addr->addr, addr_len(addr));
	if (addr->family == AF_INET6) /* there when init runs, not a second later: nobody else has it */
		rtnl_put_u32(&m, IFA_FLAGS, IFA_F_NODAD | IFA_F_PERMANENT);
	if (addr->family == AF_INET && addr->prefix < 31) {
		uint32_t last;
		memcpy(&last, addr->addr, sizeof last);
		last |= htonl(UINT32_MAX >> addr->prefix);
		rtnl_put(&m, IFA_BROADCAST, &last, sizeof last);
	}
	add(set, &m, addr);
}

static void add_gateway(struct setting *set, const struct nic_addr *gateway, int index)
{
	struct rtmsg info = {
		.rtm_family = gateway->family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
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
	if (nic && (of == &nic->gateway || of == &nic->gateway6))
		return err_wrap(err, "route of '%s' by gateway %s", nic->name,
				inet_ntop(of->family, of->addr, text, sizeof text));
	return err_wrap(err, "give '%s' the address %s", nic ? nic->name : "lo", addr_text(of, text));
}

static int configure(int guest, const struct net_nic *nic, int index, struct err *err)
{
	struct setting set = { .nic = nic };

	if (!nic->down)
		add_up(&set, index);
	for (size_t i = 0; i < nic->n_addrs; i++)
		add_address(&set, &nic->addrs[i], index);
	if (nic->gateway.family && !nic->down)
		add_gateway(&set, &nic->gateway, index);
	if (nic->gateway6.family && !nic->down)
		add_gateway(&set, &nic->gateway6, index);
	return apply(guest, &set, err);
}

/* The managed bridge may still be in the making. */
static int await_bridge(struct net_plan *plan, const struct net_nic *nic, int host, uint64_t deadline, struct err *err)
{
	struct rtnl_link bridge;

	if (!nic->managed || plan->joined || rtnl_find(host, nic->link, &bridge, NULL) == 0)
		return 0;
	return net_finish(plan, deadline, err);
}

static int make_nic(struct net_plan *plan, const struct sides *s, const struct net_nic *nic, const struct net_record *record,
		    uint64_t deadline, struct err *err)
{
	int index = (int)nic->number, r;

	switch (nic->type) {
	case NIC_MACVLAN:
		r = macvlan_make(s, nic, record, err);
		break;
	case NIC_PHYS:
		r = phys_make(s, nic, plan->store, record, err);
		break;
	default:
		r = veth_check(s->host, nic, err);
		if (r >= 0)
			r = record->fn(record->data, nic->veth, err);
		if (r >= 0)
			r = await_bridge(plan, nic, s->host, deadline, err);
		if (r >= 0)
			r = veth_make(s, nic, &index, err);
	}
	return r < 0 ? r : configure(s->guest, nic, index, err);
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

	add_up(&lo, 1);
	if (r >= 0)
		r = apply(guest, &lo, err);
	if (r >= 0 && plan->n)
		r = host = rtnl_open(-1, err);
	for (size_t i = 0; i < plan->n && r >= 0; i++) {
		const struct sides s = { host, guest, netns };
		r = make_recorded(plan, &s, &plan->nics[i], record, deadline, err);
	}
	return r < 0 ? r : 0;
}

int net_up_nic(struct net_plan *plan, const struct net_nic *nic, int netns, const struct net_record *record,
	       uint64_t deadline, struct err *err)
{
	autoclose int host = rtnl_open(-1, err);
	autoclose int guest = host < 0 ? host : rtnl_open(netns, err);
	const struct sides s = { host, guest, netns };
	struct rtnl_link link;

	if (guest < 0)
		return guest;
	if (rtnl_find(guest, nic->name, &link, NULL) == 0)
		return err_set(err, EEXIST, "the container has an interface '%s' already", nic->name);
	return make_recorded(plan, &s, nic, record, deadline, err);
}
