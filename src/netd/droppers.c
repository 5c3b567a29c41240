/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/droppers.h"
#include "netd/nft.h"
#include "netd/nft_socket.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"

struct dropper {
	uint32_t family;
	char table[64], chain[64];
};

struct search {
	const struct nft *nft;
	struct mnl_socket *sock;
	size_t n;
	struct dropper found[8];
	bool named; /* does a rule know the bridge? */
};

static const char *family_name(uint32_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

static bool is_firewalld(uint32_t family, const char *table)
{
	return family == NFPROTO_INET && str_eq(table, "firewalld");
}

/* Does the chain judge what is forwarded, and drop what no rule of its lets pass? firewalld's has a last rule for that. */
static bool drops(const struct nftnl_chain *chain, uint32_t family, const char *table)
{
	if (!nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) ||
	    nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) != NF_INET_FORWARD)
		return false;
	if (is_firewalld(family, table))
		return str_eq(nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME), "filter_FORWARD");
	return nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == NF_DROP;
}

static int take_chain(const struct nlmsghdr *head, void *data)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct search *s = data;

	if (chain && nftnl_chain_nlmsg_parse(head, chain) >= 0 && s->n < ARRAY_SIZE(s->found)) {
		const uint32_t family = nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY);
		const char *table = nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE);
		struct dropper *d = &s->found[s->n];
		bool ip = family == NFPROTO_INET || family == NFPROTO_IPV4 || (family == NFPROTO_IPV6 && s->nft->has6);
		if (ip && drops(chain, family, table) && str_print(d->table, sizeof d->table, "%s", table) >= 0 &&
		    str_print(d->chain, sizeof d->chain, "%s", nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME)) >= 0) {
			d->family = family;
			s->n++;
		}
	}
	if (chain)
		nftnl_chain_free(chain);
	return MNL_CB_OK;
}

static int look_at_expr(struct nftnl_expr *e, void *data)
{
	struct search *s = data;
	uint32_t len = 0;
	const char *name;

	if (!str_eq(nftnl_expr_get_str(e, NFTNL_EXPR_NAME), "cmp"))
		return 0;
	name = nftnl_expr_get(e, NFTNL_EXPR_CMP_DATA, &len);
	if (name && len > strlen(s->nft->bridge) && memcmp(name, s->nft->bridge, strlen(s->nft->bridge) + 1) == 0)
		s->named = true;
	return 0;
}

static int take_rule(const struct nlmsghdr *head, void *data)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (rule && nftnl_rule_nlmsg_parse(head, rule) >= 0)
		nftnl_expr_foreach(rule, look_at_expr, data);
	if (rule)
		nftnl_rule_free(rule);
	return MNL_CB_OK;
}

static int find_chains(struct search *s)
{
	uint8_t buf[NFT_QUESTION];
	struct nlmsghdr *head = nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NLM_F_DUMP, 1);

	return nft_dump(s->sock, head, take_chain, s);
}

/* Whoever names the bridge in a rule of that table has thought of it. */
static int names_bridge(struct search *s, const struct dropper *d)
{
	uint8_t buf[NFT_QUESTION];
	struct nlmsghdr *head = nftnl_nlmsg_build_hdr((char *)buf, NFT_MSG_GETRULE, (uint16_t)d->family, NLM_F_DUMP,
						      2 + (uint32_t)(d - s->found));
	int r;

	mnl_attr_put_strz(head, NFTA_RULE_TABLE, d->table);
	s->named = false;
	r = nft_dump(s->sock, head, take_rule, s);
	return r < 0 ? r : s->named;
}

static int search(struct search *s, struct err *err)
{
	int r = find_chains(s);

	for (size_t i = 0; i < s->n && r >= 0; i++) {
		const struct dropper *d = &s->found[i];
		r = names_bridge(s, d);
		if (r == 0)
			return err_set(
				err, EPERM,
				"chain '%s' of nftables table '%s %s' drops what it does not know: let '%s' through there",
				d->chain, family_name(d->family), d->table, s->nft->bridge);
	}
	return r < 0 ? err_sys(err, -r, "read the host's nftables") : 0;
}

static int with_socket(const struct nft *nft, int (*fn)(struct search *s, struct err *err), struct err *err)
{
	struct search s = { .nft = nft, .sock = nft_socket(0, err) };
	int r;

	if (!s.sock)
		return -err->code;
	r = fn(&s, err);
	mnl_socket_close(s.sock);
	return r;
}

int droppers_find(const struct nft *nft, struct err *err)
{
	return with_socket(nft, search, err);
}

static int search_firewalld(struct search *s, struct err *err)
{
	(void)err;
	if (find_chains(s) < 0)
		return FIREWALLD_ABSENT;
	for (size_t i = 0; i < s->n; i++)
		if (is_firewalld(s->found[i].family, s->found[i].table))
			return names_bridge(s, &s->found[i]) == 1 ? FIREWALLD_KNOWS : FIREWALLD_DROPS;
	return FIREWALLD_ABSENT;
}

enum droppers_firewalld droppers_firewalld(const struct nft *nft)
{
	struct err err = { 0 };
	int r = with_socket(nft, search_firewalld, &err);

	return r < 0 ? FIREWALLD_ABSENT : (enum droppers_firewalld)r;
}
