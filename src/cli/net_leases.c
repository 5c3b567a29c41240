/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-net leases: the registries, as they are. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "cli/net_show.h"
#include "cli/print.h"
#include "store/leases.h"

struct list {
	struct err *err;
	size_t n, room;
	struct lease *v;
};

static int take(const struct lease *lease, void *data)
{
	struct list *l = data;
	struct lease *v = vec_grow(l->v, l->n, &l->room, sizeof *v);

	if (!v)
		return err_nomem(l->err);
	l->v = v;
	l->v[l->n++] = *lease;
	return 0;
}

/* By network, IPv4 before IPv6, then by address. */
static int order(const void *a, const void *b)
{
	const struct lease *one = a, *other = b;
	uint32_t x = ntohl(one->ipv4.s_addr), y = ntohl(other->ipv4.s_addr);
	int r = strcmp(one->network, other->network);

	if (r != 0)
		return r;
	if (!x != !y)
		return x ? -1 : 1;
	return x != y ? (x > y) - (x < y) : memcmp(&one->ipv6, &other->ipv6, sizeof one->ipv6);
}

static const struct print_column columns[] = {
	{ "name", "NAME", PRINT_TEXT },    { "network", "NETWORK", PRINT_TEXT }, { "ipv4", "IPV4", PRINT_TEXT },
	{ "ipv6", "IPV6", PRINT_TEXT },    { "mac", "MAC", PRINT_TEXT },         { "fixed", "FIXED", PRINT_BOOL },
	{ "container", NULL, PRINT_TEXT },
};

static int add_row(struct print *p, const struct lease *lease, struct err *err)
{
	char four[INET_ADDRSTRLEN], six[INET6_ADDRSTRLEN], mac[18];
	const uint8_t *m = lease->mac;

	str_print(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	inet_ntop(AF_INET, &lease->ipv4, four, sizeof four);
	inet_ntop(AF_INET6, &lease->ipv6, six, sizeof six);
	return print_row(p,
			 (struct print_cell[]){
				 print_text(lease->name),
				 print_text(*lease->network ? lease->network : NULL),
				 print_text(lease->ipv4.s_addr ? four : NULL),
				 print_text(IN6_IS_ADDR_UNSPECIFIED(&lease->ipv6) ? NULL : six),
				 print_text(lease->fixed ? NULL : mac),
				 print_number(lease->fixed),
				 print_text(lease->uuid),
			 },
			 err);
}

int net_leases(struct cli *cli, const char *network, struct err *err)
{
	struct list l = { .err = err };
	autocall(strv_done) struct strv names = { 0 };
	struct print *p = print_new(columns, ARRAY_SIZE(columns), cli->json ? PRINT_JSON : PRINT_TABLE, err);
	int r = p ? net_names(&cli->store, network, &names, err) : -err->code;

	for (size_t i = 0; i < names.n && r >= 0; i++)
		r = leases_each(&cli->store, names.v[i], take, &l, err);
	if (l.n)
		qsort(l.v, l.n, sizeof *l.v, order);
	for (size_t i = 0; i < l.n && r >= 0; i++)
		r = add_row(p, &l.v[i], err);
	if (r >= 0)
		r = print_end(p, err);
	print_free(p);
	free(l.v);
	return r < 0 ? r : 0;
}
