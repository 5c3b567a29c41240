/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules, as `nft list table inet mgr_wake` shows them (the sets have the names of the maps of forwards):
 *
 *   chain from_outside { type filter hook prerouting priority raw + 10     behind what guards against false addresses
 *       iifname lo return                                                  that has been through the other chain
 *       ip daddr 127.0.0.0/8 return                                        another machine's: routing drops it, later
 *       ip6 daddr ::1 return
 *       tcp flags & (fin | syn | rst | ack) != syn return                  it opens nothing
 *       ip daddr . meta l4proto . th dport @forward queue                  and the same of IPv6
 *       meta nfproto ipv4 fib daddr type local meta l4proto . th dport @forward_any queue }
 *   chain from_here { type filter hook output priority raw + 10, the same without the first three }
 */
#include "netd/nft_wake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "base/cleanup.h"
#include "netd/nft_rule.h"

enum { PRIORITY = -300 + 10 };

static void put_queue(struct nft_batch *b, const struct nft_wake *wake, const char *chain, uint8_t family, bool any)
{
	struct rule m = rule_start(b, &wake->nft, chain);

	rule_if_family(&m, family);
	if (any)
		rule_if_local(&m);
	rule_if_listed(&m, family, any);
	rule_queue(&m, wake->queue, !wake->compat);
	rule_end(&m);
}

/* What only the host itself may send to. */
static void put_loopback(struct nft_batch *b, const struct nft_wake *wake, const char *chain)
{
	const struct rule_net nets[] = {
		{ NFPROTO_IPV4, 8, { .four = { htonl(INADDR_LOOPBACK) } } },
		{ NFPROTO_IPV6, 128, { .six = IN6ADDR_LOOPBACK_INIT } },
	};
	struct rule m = rule_start(b, &wake->nft, chain);

	rule_if_interface(&m, NFT_META_IIFNAME, NFT_CMP_EQ, "lo");
	rule_verdict(&m, NFT_RETURN);
	rule_end(&m);
	for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
		m = rule_start(b, &wake->nft, chain);
		rule_if_family(&m, nets[i].family);
		rule_if_address(&m, RULE_TARGET, NFT_CMP_EQ, &nets[i]);
		rule_verdict(&m, NFT_RETURN);
		rule_end(&m);
	}
}

static void put_chain(struct nft_batch *b, const struct nft_wake *wake, const char *chain, uint32_t hook)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	struct rule m;

	nft_put_chain(b, &wake->nft, chain, "filter", hook, PRIORITY);
	if (hook == NF_INET_PRE_ROUTING)
		put_loopback(b, wake, chain);
	m = rule_start(b, &wake->nft, chain);
	rule_if_no_syn(&m);
	rule_verdict(&m, NFT_RETURN);
	rule_end(&m);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		put_queue(b, wake, chain, families[i], false);
		put_queue(b, wake, chain, families[i], true);
	}
}

static int install(struct nft_wake *wake, const struct nft_elements *all, struct err *err)
{
	autocall(nft_batch_done) struct nft_batch b = { 0 };
	const char *table = wake->nft.table;
	int r = nft_batch_init(&b, wake->nft.seq, err);

	if (r < 0)
		return r;
	/* Made, so that deleting it does not fail; then anew. */
	nft_put_table(&b, table, true);
	nft_put_table(&b, table, false);
	nft_put_table(&b, table, true);
	nft_put_sets(&b, table);
	put_chain(&b, wake, "from_outside", NF_INET_PRE_ROUTING);
	put_chain(&b, wake, "from_here", NF_INET_LOCAL_OUT);
	for (enum nft_map map = 0; map < NFT_MAPS; map++)
		nft_put_keys(&b, table, all, map, true);
	return nft_commit(&wake->nft, &b, err);
}

int nft_wake_install(struct nft_wake *wake, const struct nft_elements *all, struct err *err)
{
	int r = install(wake, all, err);

	if (r != -ENOENT || wake->compat)
		return r;
	err_clear(err);
	wake->compat = true;
	return install(wake, all, err);
}

int nft_wake_change(struct nft_wake *wake, const struct nft_elements *del, const struct nft_elements *add, struct err *err)
{
	autocall(nft_batch_done) struct nft_batch b = { 0 };
	int r;

	if (!del->n && !add->n)
		return 0;
	r = nft_batch_init(&b, wake->nft.seq, err);
	if (r < 0)
		return r;
	for (enum nft_map map = 0; map < NFT_MAPS; map++)
		nft_put_keys(&b, wake->nft.table, del, map, false);
	for (enum nft_map map = 0; map < NFT_MAPS; map++)
		nft_put_keys(&b, wake->nft.table, add, map, true);
	return nft_commit(&wake->nft, &b, err);
}
