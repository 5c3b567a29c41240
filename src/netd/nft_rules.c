/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules, as `nft list table inet mgr` shows them:
 *
 *   (what is said of IPv4 here holds of IPv6 with the prefix in place of NET, unless it says otherwise)
 *   chain guard      { type filter hook prerouting priority raw
 *       iifname BRIDGE ip daddr 127.0.0.0/8 drop }                   route_localnet would let it in
 *   chain forwards   { type nat hook prerouting priority dstnat      and chain forwards_local, the same at hook output
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
 *   chain inward     { type filter hook forward priority filter      the host forwards: without this, whoever routes the
 *       oifname != BRIDGE accept                                     subnet through it reaches every port of every
 *       iifname BRIDGE accept                                        container. What a forward's DNAT sent here and what
 *       ct status dnat accept                                        answers a container may come in from elsewhere,
 *       ct state established,related accept                          nothing else; IPv6 too
 *       drop }
 */
#include "netd/nft_batch.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stddef.h>

#include "base/str.h"

/* Priorities as nft(8) names them. */
enum { PRIORITY_RAW = -300, PRIORITY_DSTNAT = -100, PRIORITY_FILTER = 0, PRIORITY_SRCNAT = 100 };

/* A rule in the making. */
struct making {
	struct nft_batch *batch;
	struct nftnl_rule *rule; /* NULL: memory ran out */
};

static struct nftnl_expr *add_expr(struct making *m, const char *kind)
{
	struct nftnl_expr *e = m->rule ? nftnl_expr_alloc(kind) : NULL;

	if (e)
		nftnl_rule_add_expr(m->rule, e);
	else
		m->batch->failed = true;
	return e;
}

static void load_meta(struct making *m, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = add_expr(m, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, reg);
}

static void load_payload(struct making *m, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	struct nftnl_expr *e = add_expr(m, "payload");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

static void mask(struct making *m, const void *bits, const void *zero, uint32_t len)
{
	struct nftnl_expr *e = add_expr(m, "bitwise");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, bits, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, len);
}

static void compare(struct making *m, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = add_expr(m, "cmp");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
}

static void verdict(struct making *m, int code)
{
	struct nftnl_expr *e = add_expr(m, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
}

/* op: NFT_CMP_EQ, or NFT_CMP_NEQ for any interface but this. */
static void if_interface_is(struct making *m, uint32_t key, uint32_t op, const char *name)
{
	char padded[IFNAMSIZ] = "";

	str_print(padded, sizeof padded, "%s", name);
	load_meta(m, key, NFT_REG_1);
	compare(m, op, padded, sizeof padded);
}

static void if_interface(struct making *m, uint32_t key, const char *name)
{
	if_interface_is(m, key, NFT_CMP_EQ, name);
}

static void if_family(struct making *m, uint8_t family)
{
	load_meta(m, NFT_META_NFPROTO, NFT_REG_1);
	compare(m, NFT_CMP_EQ, &family, sizeof family);
}

static void if_ipv4(struct making *m)
{
	if_family(m, NFPROTO_IPV4);
}

static void if_ipv6(struct making *m)
{
	if_family(m, NFPROTO_IPV6);
}

/* The first len bytes of an address of the IPv6 header. offset: of the address in struct ip6_hdr. */
static void if_address6(struct making *m, size_t offset, uint32_t op, const struct in6_addr *addr, uint32_t len)
{
	load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, (uint32_t)offset, len, NFT_REG_1);
	compare(m, op, addr, len);
}

/* An address of the IPv4 header within net/prefix, or not. offset: of the address in struct iphdr. */
static void if_address(struct making *m, size_t offset, uint32_t op, struct in_addr net, unsigned prefix)
{
	uint32_t bits = htonl(prefix ? UINT32_MAX << (32 - prefix) : 0), zero = 0;

	load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, (uint32_t)offset, 4, NFT_REG_1);
	mask(m, &bits, &zero, sizeof bits);
	compare(m, op, &net, sizeof net);
}

static void if_loopback(struct making *m, size_t offset)
{
	const struct in_addr loopback = { .s_addr = htonl(INADDR_LOOPBACK & 0xff000000) };

	if_address(m, offset, NFT_CMP_EQ, loopback, 8);
}

static void if_local(struct making *m)
{
	struct nftnl_expr *e = add_expr(m, "fib");
	uint32_t type = RTN_LOCAL;

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	compare(m, NFT_CMP_EQ, &type, sizeof type);
}

/* Any of these bits of the flow's conntrack entry. */
static void if_flow(struct making *m, uint32_t key, uint32_t bits)
{
	struct nftnl_expr *e = add_expr(m, "ct");
	uint32_t zero = 0;

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	mask(m, &bits, &zero, sizeof bits);
	compare(m, NFT_CMP_NEQ, &zero, sizeof zero);
}

static void if_forwarded(struct making *m)
{
	if_flow(m, NFT_CT_STATUS, IPS_DST_NAT);
}

/* Parts of a key lie 4 bytes apart: NFT_REG_1 is the first of the 32-bit registers, then comes NFT_REG32_01. */
static void dnat_by(struct making *m, enum nft_map map, bool six)
{
	struct nftnl_expr *lookup = add_expr(m, "lookup"), *nat = add_expr(m, "nat");

	if (!lookup || !nat)
		return;
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1);
	nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, nft_maps[map]);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_FAMILY, six ? NFPROTO_IPV6 : NFPROTO_IPV4);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_PROTO_MIN, six ? NFT_REG32_04 : NFT_REG32_01);
}

static struct making rule_start(struct nft_batch *b, const struct nft *nft, const char *chain)
{
	struct making m = { b, nftnl_rule_alloc() };

	if (!m.rule) {
		b->failed = true;
		return m;
	}
	nftnl_rule_set_u32(m.rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(m.rule, NFTNL_RULE_TABLE, nft->table);
	nftnl_rule_set_str(m.rule, NFTNL_RULE_CHAIN, chain);
	return m;
}

static void rule_end(struct making *m)
{
	if (!m->rule)
		return;
	nftnl_rule_nlmsg_build_payload(nft_batch_message(m->batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND), m->rule);
	nft_batch_next(m->batch);
	nftnl_rule_free(m->rule);
}

static void put_chain(struct nft_batch *b, const struct nft *nft, const char *name, const char *type, uint32_t hook,
		      int32_t priority)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (!chain) {
		b->failed = true;
		return;
	}
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_FAMILY, NFPROTO_INET);
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
	struct making m;

	put_chain(b, nft, "guard", "filter", NF_INET_PRE_ROUTING, PRIORITY_RAW);
	m = rule_start(b, nft, "guard");
	if_interface(&m, NFT_META_IIFNAME, nft->bridge);
	if_ipv4(&m);
	if_loopback(&m, offsetof(struct iphdr, daddr));
	verdict(&m, NF_DROP);
	rule_end(&m);
}

/* By protocol and port, and by the address in front of them. */
static void put_dnat(struct nft_batch *b, const struct nft *nft, const char *chain, bool six)
{
	const size_t daddr = six ? offsetof(struct ip6_hdr, ip6_dst) : offsetof(struct iphdr, daddr);
	struct making m = rule_start(b, nft, chain);

	if_family(&m, six ? NFPROTO_IPV6 : NFPROTO_IPV4);
	load_payload(&m, NFT_PAYLOAD_NETWORK_HEADER, (uint32_t)daddr, six ? 16 : 4, NFT_REG_1);
	load_meta(&m, NFT_META_L4PROTO, six ? NFT_REG32_04 : NFT_REG32_01);
	load_payload(&m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, six ? NFT_REG32_05 : NFT_REG32_02);
	dnat_by(&m, six ? NFT_MAP_ADDR6 : NFT_MAP_ADDR, six);
	rule_end(&m);
	m = rule_start(b, nft, chain);
	if_family(&m, six ? NFPROTO_IPV6 : NFPROTO_IPV4);
	if_local(&m);
	load_meta(&m, NFT_META_L4PROTO, NFT_REG_1);
	load_payload(&m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG32_01);
	dnat_by(&m, six ? NFT_MAP_ANY6 : NFT_MAP_ANY, six);
	rule_end(&m);
}

static void put_forwards(struct nft_batch *b, const struct nft *nft, const char *chain, uint32_t hook)
{
	struct making m;

	put_chain(b, nft, chain, "nat", hook, PRIORITY_DSTNAT);
	if (hook == NF_INET_PRE_ROUTING) {
		m = rule_start(b, nft, chain);
		if_ipv4(&m);
		if_loopback(&m, offsetof(struct iphdr, daddr));
		verdict(&m, NFT_RETURN);
		rule_end(&m);
	}
	put_dnat(b, nft, chain, false);
	if (!nft->has6)
		return;
	m = rule_start(b, nft, chain);
	if_ipv6(&m);
	if_address6(&m, offsetof(struct ip6_hdr, ip6_dst), NFT_CMP_EQ, &in6addr_loopback, 16);
	verdict(&m, NFT_RETURN);
	rule_end(&m);
	put_dnat(b, nft, chain, true);
}

static void put_masquerade6(struct nft_batch *b, const struct nft *nft, const char *chain)
{
	struct making m = rule_start(b, nft, chain);

	if_ipv6(&m);
	if_address6(&m, offsetof(struct ip6_hdr, ip6_src), NFT_CMP_EQ, &nft->net6, 8);
	if_address6(&m, offsetof(struct ip6_hdr, ip6_dst), NFT_CMP_NEQ, &nft->net6, 8);
	if_interface_is(&m, NFT_META_OIFNAME, NFT_CMP_NEQ, nft->bridge); /* multicast */
	add_expr(&m, "masq");
	rule_end(&m);
	m = rule_start(b, nft, chain);
	if_interface(&m, NFT_META_OIFNAME, nft->bridge);
	if_ipv6(&m);
	if_address6(&m, offsetof(struct ip6_hdr, ip6_src), NFT_CMP_EQ, &nft->net6, 8);
	if_forwarded(&m);
	add_expr(&m, "masq");
	rule_end(&m);
}

static void put_masquerade(struct nft_batch *b, const struct nft *nft)
{
	static const char chain[] = "outgoing";
	struct making m;

	put_chain(b, nft, chain, "nat", NF_INET_POST_ROUTING, PRIORITY_SRCNAT);
	m = rule_start(b, nft, chain);
	if_ipv4(&m);
	if_address(&m, offsetof(struct iphdr, saddr), NFT_CMP_EQ, nft->net, nft->prefix);
	if_address(&m, offsetof(struct iphdr, daddr), NFT_CMP_NEQ, nft->net, nft->prefix);
	add_expr(&m, "masq");
	rule_end(&m);
	m = rule_start(b, nft, chain);
	if_interface(&m, NFT_META_OIFNAME, nft->bridge);
	if_ipv4(&m);
	if_loopback(&m, offsetof(struct iphdr, saddr));
	add_expr(&m, "masq");
	rule_end(&m);
	m = rule_start(b, nft, chain);
	if_interface(&m, NFT_META_OIFNAME, nft->bridge);
	if_ipv4(&m);
	if_address(&m, offsetof(struct iphdr, saddr), NFT_CMP_EQ, nft->net, nft->prefix);
	if_forwarded(&m);
	add_expr(&m, "masq");
	rule_end(&m);
	if (nft->has6)
		put_masquerade6(b, nft, chain);
}

static void put_inward(struct nft_batch *b, const struct nft *nft)
{
	static const char chain[] = "inward";
	struct making m;

	put_chain(b, nft, chain, "filter", NF_INET_FORWARD, PRIORITY_FILTER);
	m = rule_start(b, nft, chain);
	if_interface_is(&m, NFT_META_OIFNAME, NFT_CMP_NEQ, nft->bridge);
	verdict(&m, NF_ACCEPT);
	rule_end(&m);
	m = rule_start(b, nft, chain);
	if_interface(&m, NFT_META_IIFNAME, nft->bridge);
	verdict(&m, NF_ACCEPT);
	rule_end(&m);
	m = rule_start(b, nft, chain);
	if_forwarded(&m);
	verdict(&m, NF_ACCEPT);
	rule_end(&m);
	m = rule_start(b, nft, chain);
	if_flow(&m, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED));
	verdict(&m, NF_ACCEPT);
	rule_end(&m);
	m = rule_start(b, nft, chain);
	verdict(&m, NF_DROP);
	rule_end(&m);
}

void nft_put_rules(struct nft_batch *b, const struct nft *nft)
{
	put_guard(b, nft);
	put_forwards(b, nft, "forwards", NF_INET_PRE_ROUTING);
	put_forwards(b, nft, "forwards_local", NF_INET_LOCAL_OUT);
	put_masquerade(b, nft);
	put_inward(b, nft);
}
