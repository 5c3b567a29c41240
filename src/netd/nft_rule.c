/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/nft_rule.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/str.h"

#define TCP_FLAGS_AT 13 /* in the header (RFC 9293, 3.1) */

struct rule rule_start(struct nft_batch *b, const struct nft *nft, const char *chain)
{
	struct rule m = { b, nftnl_rule_alloc() };

	if (!m.rule) {
		b->failed = true;
		return m;
	}
	nftnl_rule_set_u32(m.rule, NFTNL_RULE_FAMILY, b->family);
	nftnl_rule_set_str(m.rule, NFTNL_RULE_TABLE, nft->table);
	nftnl_rule_set_str(m.rule, NFTNL_RULE_CHAIN, chain);
	return m;
}

void rule_end(struct rule *m)
{
	if (!m->rule)
		return;
	nftnl_rule_nlmsg_build_payload(nft_batch_message(m->batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND), m->rule);
	nft_batch_next(m->batch);
	nftnl_rule_free(m->rule);
}

struct nftnl_expr *rule_add(struct rule *m, const char *kind)
{
	struct nftnl_expr *e = m->rule ? nftnl_expr_alloc(kind) : NULL;

	if (e)
		nftnl_rule_add_expr(m->rule, e);
	else
		m->batch->failed = true;
	return e;
}

void rule_load_meta(struct rule *m, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = rule_add(m, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, reg);
}

void rule_load_payload(struct rule *m, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	struct nftnl_expr *e = rule_add(m, "payload");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

void rule_mask(struct rule *m, const void *bits, const void *zero, uint32_t len)
{
	struct nftnl_expr *e = rule_add(m, "bitwise");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, bits, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, len);
}

void rule_compare(struct rule *m, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = rule_add(m, "cmp");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
}

void rule_verdict(struct rule *m, int code)
{
	struct nftnl_expr *e = rule_add(m, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
}

void rule_if_interface(struct rule *m, uint32_t key, uint32_t op, const char *name)
{
	char padded[IFNAMSIZ] = "";

	str_print(padded, sizeof padded, "%s", name);
	rule_load_meta(m, key, NFT_REG_1);
	rule_compare(m, op, padded, sizeof padded);
}

void rule_if_family(struct rule *m, uint8_t family)
{
	rule_load_meta(m, NFT_META_NFPROTO, NFT_REG_1);
	rule_compare(m, NFT_CMP_EQ, &family, sizeof family);
}

/* One of the addresses of the header, as far as `len` bytes. */
static void load_address(struct rule *m, enum rule_side side, uint8_t family, uint32_t len, uint32_t reg)
{
	static const size_t offsets[][2] = {
		[RULE_SOURCE] = { offsetof(struct iphdr, saddr), offsetof(struct ip6_hdr, ip6_src) },
		[RULE_TARGET] = { offsetof(struct iphdr, daddr), offsetof(struct ip6_hdr, ip6_dst) },
	};

	rule_load_payload(m, NFT_PAYLOAD_NETWORK_HEADER, (uint32_t)offsets[side][family == NFPROTO_IPV6], len, reg);
}

void rule_if_address(struct rule *m, enum rule_side side, uint32_t op, const struct rule_net *net)
{
	static const struct in6_addr zero;
	uint32_t len = net->family == NFPROTO_IPV6 ? 16 : 4;
	struct in6_addr bits = { 0 };

	if (net->prefix % 8 == 0)
		len = net->prefix / 8;
	load_address(m, side, net->family, len, NFT_REG_1);
	if (net->prefix % 8) {
		for (unsigned i = 0; i < net->prefix; i++)
			bits.s6_addr[i / 8] |= (uint8_t)(0x80 >> i % 8);
		rule_mask(m, &bits, &zero, len);
	}
	rule_compare(m, op, &net->addr, len);
}

void rule_if_local(struct rule *m)
{
	struct nftnl_expr *e = rule_add(m, "fib");
	uint32_t type = RTN_LOCAL;

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	rule_compare(m, NFT_CMP_EQ, &type, sizeof type);
}

void rule_if_flow(struct rule *m, uint32_t key, uint32_t bits)
{
	struct nftnl_expr *e = rule_add(m, "ct");
	uint32_t zero = 0;

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	rule_mask(m, &bits, &zero, sizeof bits);
	rule_compare(m, NFT_CMP_NEQ, &zero, sizeof zero);
}

/* Parts of a key lie 4 bytes apart: NFT_REG_1 is the first of the 32-bit registers, then comes NFT_REG32_01. */
static void load_port(struct rule *m, uint32_t proto_reg, uint32_t port_reg)
{
	rule_load_meta(m, NFT_META_L4PROTO, proto_reg);
	rule_load_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, port_reg);
}

static void load_key(struct rule *m, enum nft_map map)
{
	if (map == NFT_MAP_ANY || map == NFT_MAP_ANY6) {
		load_port(m, NFT_REG_1, NFT_REG32_01);
		return;
	}
	const bool six = map == NFT_MAP_ADDR6;
	load_address(m, RULE_TARGET, six ? NFPROTO_IPV6 : NFPROTO_IPV4, six ? 16 : 4, NFT_REG_1);
	load_port(m, six ? NFT_REG32_04 : NFT_REG32_01, six ? NFT_REG32_05 : NFT_REG32_02);
}

static enum nft_map map_of(uint8_t family, bool any)
{
	return family == NFPROTO_IPV6 ? any ? NFT_MAP_ANY6 : NFT_MAP_ADDR6 : any ? NFT_MAP_ANY : NFT_MAP_ADDR;
}

static struct nftnl_expr *look_up(struct rule *m, enum nft_map map)
{
	struct nftnl_expr *lookup;

	load_key(m, map);
	lookup = rule_add(m, "lookup");
	if (!lookup)
		return NULL;
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, nft_maps[map]);
	return lookup;
}

void rule_if_listed(struct rule *m, uint8_t family, bool any)
{
	look_up(m, map_of(family, any));
}

/* What a map gives is address . port. */
static void dnat_by(struct rule *m, uint8_t family, bool any)
{
	struct nftnl_expr *lookup = look_up(m, map_of(family, any)), *nat = rule_add(m, "nat");

	if (!lookup || !nat)
		return;
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_FAMILY, family);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	nftnl_expr_set_u32(nat, NFTNL_EXPR_NAT_REG_PROTO_MIN, family == NFPROTO_IPV6 ? NFT_REG32_04 : NFT_REG32_01);
}

void rule_dnat(struct rule *m, uint8_t family)
{
	dnat_by(m, family, false);
}

void rule_dnat_any(struct rule *m, uint8_t family)
{
	dnat_by(m, family, true);
}

static void load_port_number(struct rule *m, uint16_t port, uint32_t reg)
{
	struct nftnl_expr *e = rule_add(m, "immediate");
	const uint16_t big = htons(port);

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &big, sizeof big);
}

void rule_masquerade(struct rule *m, const struct nft_ports *ports)
{
	struct nftnl_expr *masq;

	if (ports) {
		load_port_number(m, ports->first, NFT_REG32_00);
		load_port_number(m, ports->last, NFT_REG32_01);
	}
	masq = rule_add(m, "masq");
	if (!masq || !ports)
		return;
	nftnl_expr_set_u32(masq, NFTNL_EXPR_MASQ_FLAGS,
			   NF_NAT_RANGE_PROTO_SPECIFIED | (ports->random ? NF_NAT_RANGE_PROTO_RANDOM_FULLY : 0U));
	nftnl_expr_set_u32(masq, NFTNL_EXPR_MASQ_REG_PROTO_MIN, NFT_REG32_00);
	nftnl_expr_set_u32(masq, NFTNL_EXPR_MASQ_REG_PROTO_MAX, NFT_REG32_01);
}

void rule_if_proto(struct rule *m, uint8_t proto)
{
	rule_load_meta(m, NFT_META_L4PROTO, NFT_REG_1);
	rule_compare(m, NFT_CMP_EQ, &proto, sizeof proto);
}

void rule_if_no_syn(struct rule *m)
{
	static const uint8_t zero;
	const uint8_t bits = TH_FIN | TH_SYN | TH_RST | TH_ACK, syn = TH_SYN;

	rule_if_proto(m, IPPROTO_TCP);
	rule_load_payload(m, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_AT, sizeof bits, NFT_REG_1);
	rule_mask(m, &bits, &zero, sizeof bits);
	rule_compare(m, NFT_CMP_NEQ, &syn, sizeof syn);
}

static void queue_native(struct rule *m, uint16_t number)
{
	struct nftnl_expr *e = rule_add(m, "queue");

	if (!e)
		return;
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_NUM, number);
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_TOTAL, 1);
}

/* As nft_compat wants it: the kernel's own length of the struct, padded; the library owns it. */
static void queue_compat(struct rule *m, uint16_t number)
{
	struct nftnl_expr *e = rule_add(m, "target");
	struct xt_NFQ_info_v3 *info = calloc(1, XT_ALIGN(sizeof *info));

	if (!e || !info) {
		m->batch->failed = true;
		free(info);
		return;
	}
	info->queuenum = number;
	info->queues_total = 1;
	nftnl_expr_set_str(e, NFTNL_EXPR_TG_NAME, "NFQUEUE");
	nftnl_expr_set_u32(e, NFTNL_EXPR_TG_REV, 3);
	nftnl_expr_set(e, NFTNL_EXPR_TG_INFO, info, XT_ALIGN(sizeof *info));
}

void rule_queue(struct rule *m, uint16_t number, bool native)
{
	if (native)
		queue_native(m, number);
	else
		queue_compat(m, number);
}
