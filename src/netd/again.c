/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A join that is sent again, changed: NICs have come or gone, and what stays is not touched. */
#include <string.h>

#include "base/str.h"
#include "netd/netd.h"

/* Name, main address and forwards: who changes those leaves and joins. */
static bool same_head(const struct wire_net_join *a, const struct wire_net_join *b)
{
	return str_eq(a->name, b->name) && a->ipv4.s_addr == b->ipv4.s_addr && a->ipv6 == b->ipv6 &&
	       memcmp(a->mac, b->mac, sizeof a->mac) == 0 && str_eq(a->veth, b->veth) && a->n_forwards == b->n_forwards &&
	       memcmp(a->forwards, b->forwards, a->n_forwards * sizeof *a->forwards) == 0;
}

static bool has_address(const struct wire_net_join *join, const struct wire_net_item *item)
{
	const struct wire_net_item *items = wire_join_items(join);

	for (uint32_t i = 0; i < join->n_items; i++)
		if (items[i].kind == WIRE_ITEM_ADDRESS && items[i].family == item->family &&
		    memcmp(items[i].addr, item->addr, sizeof item->addr) == 0)
			return true;
	return false;
}

/* Of addresses that it has no more. */
static void end_flows(const struct wire_net_join *was, const struct wire_net_join *join)
{
	const struct wire_net_item *items = wire_join_items(was);
	struct conntrack_guests gone = { 0 };

	for (uint32_t i = 0; i < was->n_items; i++) {
		const struct in6_addr addr = join_address(&items[i]);
		if (items[i].kind == WIRE_ITEM_ADDRESS && !has_address(join, &items[i]))
			conntrack_guests_add(&gone, &addr);
	}
	member_end_flows(&gone);
}

/* The member has them first: whoever makes the tables anew goes by it. */
static int change_guards(struct member *m, struct guards *now, struct err *err)
{
	struct nft_content del = { 0 }, add = { 0 };
	struct guards was = m->guards;
	int r = guards_minus(&was, now, &del.guards);

	if (r >= 0)
		r = guards_minus(now, &was, &add.guards);
	m->guards = *now;
	r = r < 0 ? err_nomem(err) : network_change(m->network, &del, &add, err);
	if (r < 0)
		m->guards = was;
	else
		*now = was;
	nft_content_done(&del);
	nft_content_done(&add);
	return r;
}

int member_join_again(struct member *m, struct wire_net_join **join, size_t len, struct err *err)
{
	struct network *network = m->network;
	struct wire_net_join *old = m->join;
	struct guards guards = { 0 };
	int r;

	if (!same_head(m->join, *join))
		return 0;
	r = join_guards(*join, network->name, &network->bridge, &guards, err);
	if (r >= 0)
		r = change_guards(m, &guards, err);
	guards_done(&guards); /* the old ones, or those that have failed */
	if (r < 0)
		return r;
	m->join = *join;
	m->join_len = len;
	*join = old;
	end_flows(old, m->join);
	r = member_plug(m, network, err);
	return r < 0 ? r : 1;
}
