/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements that were in the table before we started: a killed mgr-netd's. Whose they are is known when the supervisors have
 * come back. There may be ten thousands of them, so they are sorted by what they are looked for. */
#include <stdlib.h>
#include <string.h>

#include "netd/netd.h"

static int by_key(const void *one, const void *other)
{
	const struct nft_element *a = one, *b = other;
	int order = memcmp(&a->host, &b->host, sizeof a->host);

	if (order == 0)
		order = (a->proto > b->proto) - (a->proto < b->proto);
	if (order == 0)
		order = (a->port > b->port) - (a->port < b->port);
	return order ? order : (nft_is6(a) > nft_is6(b)) - (nft_is6(a) < nft_is6(b));
}

int orphans_read(struct network *network, struct err *err)
{
	struct nft_elements *l = &network->orphans.forwards;
	int r = nft_read(&network->nft, &network->orphans, err);

	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_key);
	return r;
}

struct nft_element *orphans_find(const struct network *network, const struct nft_element *e)
{
	const struct nft_elements *l = &network->orphans.forwards;
	struct nft_element *found = l->n ? bsearch(e, l->v, l->n, sizeof *l->v, by_key) : NULL;

	return found && !found->claimed ? found : NULL;
}

void orphans_end(struct network *network)
{
	struct nft_content left = network->orphans;
	struct nft_elements *l = &left.forwards;
	struct conntrack_guests guests = { 0 };
	const struct nft_content none = { 0 };
	size_t n = 0;

	network->orphans = (struct nft_content){ 0 };
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].claimed)
			continue;
		conntrack_guests_add(&guests, &l->v[i].guest);
		l->v[n++] = l->v[i];
	}
	l->n = n;
	if (network->up) {
		network_change(network, &left, &none, NULL);
		conntrack_forget_guests(&guests, NULL);
	}
	conntrack_guests_done(&guests);
	nft_content_done(&left);
}
