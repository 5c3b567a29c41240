/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rates, held on the host's end of a veth: root inside can take away what is in its own namespace. What goes in waits in a
 * token bucket (tc-tbf(8)) there; what comes out is sent through one on an interface of its own, an ifb, since nothing can
 * wait where packets come in. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "net/names.h"
#include "net/nic.h"

#define FRAME           22  /* bytes around a packet, two VLAN tags among them */
#define BURSTS_A_SECOND 100 /* what may go at once is a hundredth of a second's */
#define QUEUES_A_SECOND 20  /* and what may wait, a twentieth */
#define LEAST_QUEUE     32768

static uint32_t at_least(uint64_t n, uint64_t least)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)(n > least ? n : least);
}

/* tbf_change() of net/sched/sch_tbf.c: with a burst in bytes and a known link layer it needs no table. A packet longer than
 * the burst would never go. */
static int add_bucket(int sock, int index, uint64_t bits, uint32_t mtu, struct err *err)
{
	struct tcmsg tc = { .tcm_ifindex = index, .tcm_parent = TC_H_ROOT, .tcm_handle = TC_H_MAKE(1U << 16, 0) };
	const uint64_t rate = bits / 8;
	const uint32_t burst = at_least(rate / BURSTS_A_SECOND, 2 * (uint64_t)(mtu + FRAME));
	struct tc_tbf_qopt bucket = {
		.rate = { .linklayer = TC_LINKLAYER_ETHERNET, .rate = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate },
		.limit = at_least(burst + rate / QUEUES_A_SECOND, LEAST_QUEUE),
	};
	struct rtnl_msg m;
	size_t options;

	rtnl_start(&m, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &tc, sizeof tc);
	rtnl_put_str(&m, TCA_KIND, "tbf");
	options = rtnl_nest(&m, TCA_OPTIONS);
	rtnl_put(&m, TCA_TBF_PARMS, &bucket, sizeof bucket);
	rtnl_put_u32(&m, TCA_TBF_BURST, burst);
	if (rate > UINT32_MAX)
		rtnl_put(&m, TCA_TBF_RATE64, &rate, sizeof rate);
	rtnl_nest_end(&m, options);
	return rtnl_talk(sock, &m, err);
}

static int make_ifb(int sock, const char *name, struct rtnl_link *ret, struct err *err)
{
	struct ifinfomsg info = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct rtnl_msg m;
	size_t link;
	int r;

	rtnl_start(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	rtnl_put_str(&m, IFLA_IFNAME, name);
	rtnl_put_u32(&m, IFLA_NUM_TX_QUEUES, 1);
	rtnl_put_u32(&m, IFLA_NUM_RX_QUEUES, 1);
	link = rtnl_nest(&m, IFLA_LINKINFO);
	rtnl_put_str(&m, IFLA_INFO_KIND, "ifb");
	rtnl_nest_end(&m, link);
	r = rtnl_talk(sock, &m, err);
	if (r == -EEXIST && veth_delete_now(sock, name, NULL) >= 0)
		r = rtnl_talk(sock, &m, err);
	if (r == -EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP, "the kernel has no ifb");
	return r < 0 ? r : rtnl_find(sock, name, ret, err);
}

static int add_ingress(int sock, int index, struct err *err)
{
	struct tcmsg tc = { .tcm_ifindex = index, .tcm_parent = TC_H_INGRESS, .tcm_handle = TC_H_MAKE(TC_H_INGRESS, 0) };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &tc, sizeof tc);
	rtnl_put_str(&m, TCA_KIND, "ingress");
	return rtnl_talk(sock, &m, err);
}

/* A u32 filter that every packet meets: there are kernels without matchall. */
static int redirect(int sock, int index, int to, struct err *err)
{
	struct tcmsg tc = { .tcm_ifindex = index,
			    .tcm_parent = TC_H_MAKE(TC_H_INGRESS, 0),
			    .tcm_info = TC_H_MAKE(1U << 16, htons(ETH_P_ALL)) };
	const struct tc_u32_sel sel = { .flags = TC_U32_TERMINAL, .nkeys = 1 };
	uint8_t any[sizeof sel + sizeof(struct tc_u32_key)] = { 0 }; /* no bit of a packet is looked at */
	struct tc_mirred mirred = { .action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)to };
	size_t options, actions, first, parms;
	struct rtnl_msg m;

	memcpy(any, &sel, sizeof sel);
	rtnl_start(&m, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &tc, sizeof tc);
	rtnl_put_str(&m, TCA_KIND, "u32");
	options = rtnl_nest(&m, TCA_OPTIONS);
	rtnl_put(&m, TCA_U32_SEL, any, sizeof any);
	actions = rtnl_nest(&m, TCA_U32_ACT);
	first = rtnl_nest(&m, 1);
	rtnl_put_str(&m, TCA_ACT_KIND, "mirred");
	parms = rtnl_nest(&m, TCA_ACT_OPTIONS);
	rtnl_put(&m, TCA_MIRRED_PARMS, &mirred, sizeof mirred);
	rtnl_nest_end(&m, parms);
	rtnl_nest_end(&m, first);
	rtnl_nest_end(&m, actions);
	rtnl_nest_end(&m, options);
	return rtnl_talk(sock, &m, err);
}

static int limit_egress(const struct sides *s, const struct net_nic *nic, int index, uint32_t mtu,
			const struct net_record *record, struct err *err)
{
	struct rtnl_link ifb;
	int r = record->fn(record->data, nic->ifb, err);

	if (r >= 0)
		r = make_ifb(s->host, nic->ifb, &ifb, err);
	if (r >= 0)
		r = add_bucket(s->host, ifb.index, nic->opt.egress, mtu, err);
	if (r >= 0)
		r = add_ingress(s->host, index, err);
	return r < 0 ? r : redirect(s->host, index, ifb.index, err);
}

int net_try_rates(struct err *err)
{
	autoclose int sock = rtnl_open(-1, err);
	struct rtnl_link ifb;
	int r = sock < 0 ? sock : make_ifb(sock, "mgr-check", &ifb, err);

	if (r >= 0)
		r = add_bucket(sock, ifb.index, LEAST_QUEUE, ETH_DATA_LEN, err);
	if (r >= 0)
		r = add_ingress(sock, ifb.index, err);
	return r < 0 ? r : redirect(sock, ifb.index, ifb.index, err);
}

int rate_limit(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *end,
	       const struct net_record *record, struct err *err)
{
	if (nic->opt.ingress && add_bucket(s->host, end->index, nic->opt.ingress, end->mtu, err) < 0)
		return err_wrap(err, "net.%u.rate.ingress", nic->index);
	if (nic->opt.egress && limit_egress(s, nic, end->index, end->mtu, record, err) < 0)
		return err_wrap(err, "net.%u.rate.egress", nic->index);
	return 0;
}
