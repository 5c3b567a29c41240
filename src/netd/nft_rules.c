/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules, as `nft list table inet mgr` shows them:
 *
 *   (what is said of IPv4 here holds of IPv6 with the prefix in place of NET, unless it says otherwise)
 *   chain guard      { type filter hook prerouting priority raw
 *       iifname BRIDGE ip daddr 127.0.0.0/8 drop }                   route_localnet would let it in
 *   chain forwards   { type nat hook prerouting priority dstnat      and chain forwards_local, the same at hook output
 *       tcp flags & (fin | syn | rst | ack) != syn return            the rest of a connection whose forward is gone is not
 *                                                                    the next container's
 *       ip daddr 127.0.0.0/8 return                                  prerouting only: what comes from outside
 *       ip6 daddr ::1 return                                         relay.c has those: what is sent to it cannot be routed
 *       dnat ip to ip daddr . meta l4proto . th dport map @forward
 *       fib daddr type local dnat ip to meta l4proto . th dport map @forward_any }
 *   chain outgoing   { type nat hook postrouting priority srcnat
 *       ip saddr NET ip daddr != NET masquerade                      to the outside
 *       oifname BRIDGE ip saddr 127.0.0.0/8 masquerade               the host by 127.0.0.1
 *       oifname BRIDGE ip saddr NET ct status dnat masquerade }      a container by the host's address: the answer must
 *                                                                    come back this way (no iifname: on a bridge with
 *                                                                    bridge-nf-call-iptables there is none here)
 *                                                                    each of them first for tcp, udp and the like, with
 *                                                                    the ports that outward.c has chosen
 *
 * Whoever may come in at all, and go where: host_rules.c.
 */
#include "netd/nft_rule.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>

#include "base/cleanup.h"

/* Priorities as nft(8) names them. */
enum { PRIORITY_RAW = -300, PRIORITY_DSTNAT = -100, PRIORITY_SRCNAT = 100 };

#define OUTGOING "outgoing"

static const struct rule_net loopback = {
	.family = NFPROTO_IPV4,
	.prefix = 8,
	.addr.six.s6_addr = { 127 },
};
static const struct rule_net loopback6 = { .family = NFPROTO_IPV6, .prefix = 128, .addr.six = IN6ADDR_LOOPBACK_INIT };

void nft_put_chain(struct nft_batch *b, const struct nft *nft, const char *name, const char *type, uint32_t hook,
		   int32_t priority)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain) {
		b->failed = true;
		return;
	}
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_FAMILY, b->family);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, nft->table);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, type);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, priority);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	nftnl_chain_nlmsg_build_payload(nft_batch_message(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE), chain);
	nft_batch_next(b);
	nftnl_chain_free(chain);
}

static void put_guard(struct nft_batch *b, const struct nft *nft)
{
	struct rule m;

	nft_put_chain(b, nft, "guard", "filter", NF_INET_PRE_ROUTING, PRIORITY_RAW);
	m = rule_start(b, nft, "guard");
	rule_if_interface(&m, NFT_META_IIFNAME, NFT_CMP_EQ, nft->bridge);
	rule_if_family(&m, NFPROTO_IPV4);
	rule_if_address(&m, RULE_TARGET, NFT_CMP_EQ, &loopback);
	rule_verdict(&m, NF_DROP);
	rule_end(&m);
}

static void put_return(struct nft_batch *b, const struct nft *nft, const char *chain, const struct rule_net *to)
{
	struct rule m = rule_start(b, nft, chain);

	rule_if_family(&m, to->family);
	rule_if_address(&m, RULE_TARGET, NFT_CMP_EQ, to);
	rule_verdict(&m, NFT_RETURN);
	rule_end(&m);
}

static void put_dnat(struct nft_batch *b, const struct nft *nft, const char *chain, uint8_t family)
{
	struct rule m = rule_start(b, nft, chain);

	rule_if_family(&m, family);
	rule_dnat(&m, family);
	rule_end(&m);
	m = rule_start(b, nft, chain);
	rule_if_family(&m, family);
	rule_if_local(&m);
	rule_dnat_any(&m, family);
	rule_end(&m);
}

static void put_forwards(struct nft_batch *b, const struct nft *nft, const char *chain, uint32_t hook)
{
	struct rule m;

	nft_put_chain(b, nft, chain, "nat", hook, PRIORITY_DSTNAT);
	m = rule_start(b, nft, chain);
	rule_if_no_syn(&m);
	rule_verdict(&m, NFT_RETURN);
	rule_end(&m);
	if (hook == NF_INET_PRE_ROUTING)
		put_return(b, nft, chain, &loopback);
	put_dnat(b, nft, chain, NFPROTO_IPV4);
	if (!nft->has6)
		return;
	put_return(b, nft, chain, &loopback6);
	put_dnat(b, nft, chain, NFPROTO_IPV6);
}

/* What of a chain's packets is meant. */
typedef void meant_fn(struct rule *m, const struct nft *nft, const struct rule_net *from);

/* What goes from the network to elsewhere. */
static void is_leaving(struct rule *m, const struct nft *nft, const struct rule_net *net)
{
	rule_if_family(m, net->family);
	rule_if_address(m, RULE_SOURCE, NFT_CMP_EQ, net);
	rule_if_address(m, RULE_TARGET, NFT_CMP_NEQ, net);
	if (net->family == NFPROTO_IPV6) /* multicast */
		rule_if_interface(m, NFT_META_OIFNAME, NFT_CMP_NEQ, nft->bridge);
}

/* What comes in to the bridge from there. */
static void is_entering(struct rule *m, const struct nft *nft, const struct rule_net *from)
{
	rule_if_interface(m, NFT_META_OIFNAME, NFT_CMP_EQ, nft->bridge);
	rule_if_family(m, from->family);
	rule_if_address(m, RULE_SOURCE, NFT_CMP_EQ, from);
}

/* By a forward alone. */
static void is_forwarded(struct rule *m, const struct nft *nft, const struct rule_net *from)
{
	is_entering(m, nft, from);
	rule_if_flow(m, NFT_CT_STATUS, IPS_DST_NAT);
}

static void put_masquerade(struct nft_batch *b, const struct nft *nft, meant_fn *meant, const struct rule_net *net)
{
	static const uint8_t with_ports[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_SCTP, IPPROTO_DCCP };
	struct rule m;

	for (size_t i = 0; i < ARRAY_SIZE(with_ports); i++) {
		const struct nft_ports *ports = with_ports[i] == IPPROTO_TCP ? &nft->out_tcp : &nft->out_udp;
		m = rule_start(b, nft, OUTGOING);
		rule_if_proto(&m, with_ports[i]);
		meant(&m, nft, net);
		rule_masquerade(&m, ports->first ? ports : NULL);
		rule_end(&m);
	}
	m = rule_start(b, nft, OUTGOING);
	meant(&m, nft, net);
	rule_masquerade(&m, NULL);
	rule_end(&m);
}

static void put_outgoing(struct nft_batch *b, const struct nft *nft)
{
	const struct rule_net net = { .family = NFPROTO_IPV4, .prefix = nft->prefix, .addr.four = nft->net };
	const struct rule_net net6 = { .family = NFPROTO_IPV6, .prefix = 64, .addr.six = nft->net6 };

	put_masquerade(b, nft, is_leaving, &net);
	put_masquerade(b, nft, is_entering, &loopback);
	put_masquerade(b, nft, is_forwarded, &net);
	if (!nft->has6)
		return;
	put_masquerade(b, nft, is_leaving, &net6);
	put_masquerade(b, nft, is_forwarded, &net6);
}

void nft_put_outgoing(struct nft_batch *b, const struct nft *nft)
{
	struct nftnl_rule *all = nftnl_rule_alloc();

	if (!all) {
		b->failed = true;
		return;
	}
	nftnl_rule_set_u32(all, NFTNL_RULE_FAMILY, b->family);
	nftnl_rule_set_str(all, NFTNL_RULE_TABLE, nft->table);
	nftnl_rule_set_str(all, NFTNL_RULE_CHAIN, OUTGOING);
	nftnl_rule_nlmsg_build_payload(nft_batch_message(b, NFT_MSG_DELRULE, 0), all);
	nft_batch_next(b);
	nftnl_rule_free(all);
	put_outgoing(b, nft);
}

void nft_put_rules(struct nft_batch *b, const struct nft *nft)
{
	put_guard(b, nft);
	put_forwards(b, nft, "forwards", NF_INET_PRE_ROUTING);
	put_forwards(b, nft, "forwards_local", NF_INET_LOCAL_OUT);
	nft_put_chain(b, nft, OUTGOING, "nat", NF_INET_POST_ROUTING, PRIORITY_SRCNAT);
	put_outgoing(b, nft);
}
