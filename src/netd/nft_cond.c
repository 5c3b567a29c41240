/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/nft_cond.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/str.h"

enum from {
	META,
	LINK = NFT_PAYLOAD_LL_HEADER + 1,
	NETWORK = NFT_PAYLOAD_NETWORK_HEADER + 1,
	TRANSPORT = NFT_PAYLOAD_TRANSPORT_HEADER + 1,
	FLOW,
	FRAGMENT, /* IPv6's header of that name */
};

/* Where each is: the offset, or the kernel's key. */
static const struct field {
	uint8_t from, at, len;
	bool big; /* its number's first byte is the greatest */
} fields[] = {
	[NFPROTO] = { META, NFT_META_NFPROTO, 1, false },
	[IIFNAME] = { META, NFT_META_IIFNAME, 16, false },
	[OIFNAME] = { META, NFT_META_OIFNAME, 16, false },
	[IIFGROUP] = { META, NFT_META_IIFGROUP, 4, false },
	[OIFGROUP] = { META, NFT_META_OIFGROUP, 4, false },
	[L4PROTO] = { META, NFT_META_L4PROTO, 1, false },
	[ETHER_SADDR] = { LINK, 6, 6, true },
	[ETHER_TYPE] = { LINK, 12, 2, true },
	[ARP_KINDS] = { NETWORK, 0, 6, true },
	[ARP_OP] = { NETWORK, 6, 2, true },
	[ARP_SHA] = { NETWORK, 8, 6, true },
	[ARP_SPA] = { NETWORK, 14, 4, true },
	[ARP_TPA] = { NETWORK, 24, 4, true },
	[IP_SADDR] = { NETWORK, 12, 4, true },
	[IP_DADDR] = { NETWORK, 16, 4, true },
	[IP_OFFSET] = { NETWORK, 6, 2, true },
	[IP6_SADDR] = { NETWORK, 8, 16, true },
	[IP6_DADDR] = { NETWORK, 24, 16, true },
	[IP6_OFFSET] = { FRAGMENT, 2, 2, true },
	[DPORT] = { TRANSPORT, 2, 2, true },
	[ICMP_TYPE] = { TRANSPORT, 0, 1, true },
	[ND_TARGET] = { TRANSPORT, 8, 16, true },
	[HEAD] = { TRANSPORT, 0, 8, true },
	[TCP_SYN] = { TRANSPORT, 13, 1, true },
	[DHCP_CHADDR] = { TRANSPORT, 8 + 28, 6, true }, /* RFC 2131, 2; behind UDP's header */
	[DHCP6_TYPE] = { TRANSPORT, 8, 1, true },
	[CT_STATE] = { FLOW, NFT_CT_STATE, 4, false },
	[CT_STATUS] = { FLOW, NFT_CT_STATUS, 4, false },
	[CT_DADDR] = { FLOW, NFT_CT_DST_IP, 4, true },
	[CT_DADDR6] = { FLOW, NFT_CT_DST_IP6, 16, true },
};

/* Bits of a field that count; 0: all. */
static const uint16_t masks[CT_DADDR6 + 1] = {
	[IP_OFFSET] = 0x1fff,
	[IP6_OFFSET] = 0xfff8,
	[TCP_SYN] = TH_SYN | TH_ACK,
};

static void encode(const struct field *f, uint32_t value, uint8_t to[static 4])
{
	uint32_t big = htonl(value);

	if (f->big)
		memcpy(to, (const uint8_t *)&big + 4 - f->len, f->len);
	else if (f->len == 1)
		to[0] = (uint8_t)value;
	else
		memcpy(to, &value, sizeof value);
}

static struct cond number(enum cond_field field, uint32_t op, uint32_t value)
{
	struct cond c = { .fields = { field }, .op = op };

	encode(&fields[field], value, c.value);
	return c;
}

struct cond is(enum cond_field field, uint32_t value)
{
	return number(field, NFT_CMP_EQ, value);
}

struct cond is_not(enum cond_field field, uint32_t value)
{
	return number(field, NFT_CMP_NEQ, value);
}

struct cond at_most(enum cond_field field, uint32_t value)
{
	return number(field, NFT_CMP_LTE, value);
}

struct cond is_there(enum cond_field field)
{
	struct cond c = { .fields = { field }, .op = NFT_CMP_LTE };

	memset(c.value, 0xff, sizeof c.value);
	return c;
}

struct cond is_this(enum cond_field field, const void *bytes, size_t len)
{
	struct cond c = { .fields = { field }, .op = NFT_CMP_EQ, .len = (uint8_t)len };

	memcpy(c.value, bytes, len);
	return c;
}

static struct cond named(enum cond_field field, uint32_t op, const char *name)
{
	struct cond c = { .fields = { field }, .op = op };

	str_print((char *)c.value, sizeof c.value, "%s", name);
	return c;
}

struct cond is_named(enum cond_field field, const char *name)
{
	return named(field, NFT_CMP_EQ, name);
}

struct cond is_not_named(enum cond_field field, const char *name)
{
	return named(field, NFT_CMP_NEQ, name);
}

struct cond in_set(const char *set, enum cond_field a, enum cond_field b, enum cond_field c)
{
	return (struct cond){ .fields = { a, b, c }, .set = set };
}

struct cond exceeds(const char *set, enum cond_field sender, uint32_t most)
{
	return (struct cond){ .fields = { sender }, .set = set, .most = most };
}

static void load_flow(struct rule *m, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *e = rule_add(m, "ct");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, reg);
	nftnl_expr_set_u8(e, NFTNL_EXPR_CT_DIR, 0); /* that of its first packet */
}

/* Without such a header the rule does not hold. */
static void load_fragment(struct rule *m, const struct field *f, uint32_t reg)
{
	struct nftnl_expr *e = rule_add(m, "exthdr");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_IPV6);
	nftnl_expr_set_u8(e, NFTNL_EXPR_EXTHDR_TYPE, IPPROTO_FRAGMENT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OFFSET, f->at);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_LEN, f->len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_DREG, reg);
}

static void load(struct rule *m, const struct field *f, uint32_t len, uint32_t reg)
{
	if (f->from == META)
		rule_load_meta(m, f->at, reg);
	else if (f->from == FLOW)
		load_flow(m, f->at, reg);
	else if (f->from == FRAGMENT)
		load_fragment(m, f, reg);
	else
		rule_load_payload(m, f->from - 1U, f->at, len, reg);
}

/* Parts lie 4 bytes apart. */
static void look_up(struct rule *m, const struct cond *c)
{
	struct nftnl_expr *lookup;
	uint32_t reg = NFT_REG32_00;

	for (size_t i = 0; i < 3 && c->fields[i]; i++) {
		const struct field *f = &fields[c->fields[i]];
		load(m, f, f->len, reg);
		reg += (f->len + 3U) / 4;
	}
	lookup = rule_add(m, "lookup");
	if (!lookup)
		return;
	nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, NFT_REG32_00);
	nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, c->set);
}

/* A flow is counted from its first packet on, once, until the kernel takes it for closed. */
static void count(struct rule *m, const struct cond *c)
{
	const struct field *f = &fields[c->fields[0]];
	struct nftnl_expr *flows = nftnl_expr_alloc("connlimit"), *e;

	load(m, f, f->len, NFT_REG_1);
	e = rule_add(m, "dynset");
	if (!flows || !e) {
		m->batch->failed = true;
		if (flows)
			nftnl_expr_free(flows);
		return;
	}
	nftnl_expr_set_u32(flows, NFTNL_EXPR_CONNLIMIT_COUNT, c->most);
	nftnl_expr_set_u32(flows, NFTNL_EXPR_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_ADD);
	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, c->set);
	nftnl_expr_add_expr(e, NFTNL_EXPR_DYNSET_EXPRESSIONS, flows);
}

static void add_cond(struct rule *m, const struct cond *c)
{
	const uint8_t zero[4] = { 0 };
	const struct field *f = &fields[c->fields[0]];
	const uint32_t len = c->len ? c->len : f->len;
	uint8_t mask[4];
	uint32_t bits;

	if (c->most) {
		count(m, c);
		return;
	}
	if (c->set) {
		look_up(m, c);
		return;
	}
	if (c->fields[0] == CT_STATE || c->fields[0] == CT_STATUS) {
		memcpy(&bits, c->value, sizeof bits);
		rule_if_flow(m, f->at, bits);
		return;
	}
	load(m, f, len, NFT_REG_1);
	if (masks[c->fields[0]]) {
		encode(f, masks[c->fields[0]], mask);
		rule_mask(m, mask, zero, len);
	}
	rule_compare(m, c->op, c->value, len);
}

static void refuse(struct rule *m, bool tcp)
{
	struct nftnl_expr *e = rule_add(m, "reject");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE, tcp ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
	nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, tcp ? 0 : NFT_REJECT_ICMPX_PORT_UNREACH);
}

static void go(struct rule *m, const struct outcome *outcome)
{
	struct nftnl_expr *e = rule_add(m, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)outcome->code);
	if (outcome->chain)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, outcome->chain);
}

static void put_one(const struct rule_place *to, const char *chain, const struct outcome *outcome, const struct cond *conds,
		    bool tcp)
{
	const struct cond only_tcp = is(L4PROTO, IPPROTO_TCP);
	struct rule m = rule_start(to->b, to->nft, chain);

	for (; conds->fields[0]; conds++)
		add_cond(&m, conds);
	if (tcp)
		add_cond(&m, &only_tcp);
	if (outcome->refuse)
		refuse(&m, tcp);
	else
		go(&m, outcome);
	rule_end(&m);
}

void rule_put(const struct rule_place *to, const char *chain, struct outcome outcome, const struct cond *conds)
{
	if (outcome.refuse)
		put_one(to, chain, &outcome, conds, true);
	put_one(to, chain, &outcome, conds, false);
}

void rule_put_chain(const struct rule_place *to, const char *chain)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c) {
		to->b->failed = true;
		return;
	}
	nftnl_chain_set_u32(c, NFTNL_CHAIN_FAMILY, to->b->family);
	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, to->nft->table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain);
	nftnl_chain_nlmsg_build_payload(nft_batch_message(to->b, NFT_MSG_NEWCHAIN, NLM_F_CREATE), c);
	nft_batch_next(to->b);
	nftnl_chain_free(c);
}
