/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements that were in the table before we started: a killed mgr-netd's. Whose they are is known when the supervisors have
 * come back. There may be ten thousands of them, so they are sorted by what they are looked for. */
#include <stdlib.h>
#include <string.h>

#include "netd/conntrack.h"
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

static int by_guest(const void *one, const void *other)
{
	const struct nft_element *a = one, *b = other;

	return memcmp(&a->guest, &b->guest, sizeof a->guest);
}

static void sort(struct nft_elements *l, int (*order)(const void *, const void *))
{
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, order);
}

int orphans_read(struct network *network, struct err *err)
{
	int r = nft_read(&network->nft, &network->orphans, err);

	sort(&network->orphans.forwards, by_key);
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
	const struct nft_content none = { 0 };
	size_t n = 0;

	network->orphans = (struct nft_content){ 0 };
	for (size_t i = 0; i < l->n; i++)
		if (!l->v[i].claimed)
			l->v[n++] = l->v[i];
	l->n = n;
	if (network->up)
		network_change(network, &left, &none, NULL);
	sort(l, by_guest);
	for (size_t i = 0; i < n && network->up; i++)
		if (i == 0 || by_guest(&l->v[i], &l->v[i - 1]) != 0)
			conntrack_forget_guest(&l->v[i].guest, NULL);
	nft_content_done(&left);
}
