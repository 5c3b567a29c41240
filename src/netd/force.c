/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tables hold of a member. After a mgr-netd that was killed they hold all of it already, as orphans: what is as it
 * should be stays untouched. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "netd/conntrack.h"
#include "netd/netd.h"

int network_change(struct network *network, const struct nft_content *del, const struct nft_content *add, struct err *err)
{
	int r = outward_choose(network->netd, err);

	if (r < 0)
		return r;
	return nft_change(&network->nft, del, add, NULL) < 0 ? network_restore(network, err) : 0;
}

/* Claim it: 1 when the table holds it as it should be, 0 when it does not hold it; what it holds in its place goes to
 * `del`. */
static int adopt(const struct network *network, const struct nft_element *e, struct nft_elements *del)
{
	struct nft_element *was = orphans_find(network, e);

	if (!was)
		return 0;
	was->claimed = true;
	if (IN6_ARE_ADDR_EQUAL(&was->guest, &e->guest) && was->target == e->target)
		return 1;
	return nft_elements_add(del, was);
}

static bool adopt_guard(struct guards *orphans, const struct guard *e)
{
	for (size_t i = 0; i < orphans->n; i++) {
		if (memcmp(&orphans->v[i], e, sizeof *e) != 0)
			continue;
		orphans->v[i] = orphans->v[--orphans->n];
		return true;
	}
	return false;
}

static int compare(struct member *m, struct nft_content *del, struct nft_content *add)
{
	struct nft_content *orphans = &m->network->orphans;
	int r = 0;

	for (size_t i = 0; i < m->elements.n && r >= 0; i++) {
		r = adopt(m->network, &m->elements.v[i], &del->forwards);
		if (r == 0)
			r = nft_elements_add(&add->forwards, &m->elements.v[i]);
	}
	for (size_t i = 0; i < m->guards.n && r >= 0; i++)
		if (!adopt_guard(&orphans->guards, &m->guards.v[i]))
			r = guards_append(&add->guards, &m->guards.v[i]);
	return r;
}

/* The tables get what they do not hold yet. When they are not as we think (somebody was at it), all is made anew. */
int member_put_in_force(struct member *m, struct err *err)
{
	struct nft_content del = { 0 }, add = { 0 };
	int r = compare(m, &del, &add);

	r = r < 0 ? err_nomem(err) : network_change(m->network, &del, &add, err);
	if (r >= 0)
		r = conntrack_forget_ports(&add.forwards, err);
	nft_content_done(&del);
	nft_content_done(&add);
	return r;
}

void member_put_out_of_force(const struct member *m)
{
	const struct nft_content none = { 0 }, all = { m->elements, m->guards };
	struct err err = { 0 };

	if (network_change(m->network, &all, &none, &err) < 0)
		log_error("%s", err.msg);
}
