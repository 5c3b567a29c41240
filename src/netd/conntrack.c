/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/vec.h"
#include "netd/conntrack_table.h"

/* --- of guests -------------------------------------------------------------------------------------------------------- */

#define FEW 4 /* addresses that are looked for one by one, which the kernel does best; of more the table is read */

void conntrack_guests_add(struct conntrack_guests *l, const struct in6_addr *addr)
{
	struct conntrack_guest *v = vec_grow(l->v, l->n, &l->room, sizeof *v);

	l->failed |= !v;
	if (!v)
		return;
	l->v = v;
	l->v[l->n++] = (struct conntrack_guest){ .addr = *addr };
}

void conntrack_guests_done(struct conntrack_guests *l)
{
	free(l->v);
	*l = (struct conntrack_guests){ 0 };
}

static int by_address(const void *a, const void *b)
{
	return memcmp(&((const struct conntrack_guest *)a)->addr, &((const struct conntrack_guest *)b)->addr,
		      sizeof(struct in6_addr));
}

/* In order, each once, none that is ::. */
static int put_in_order(struct conntrack_guests *l, struct err *err)
{
	size_t n = 0;

	if (l->failed)
		return err_nomem(err);
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_address);
	for (size_t i = 0; i < l->n; i++)
		if (!IN6_IS_ADDR_UNSPECIFIED(&l->v[i].addr) && (n == 0 || by_address(&l->v[n - 1], &l->v[i]) != 0))
			l->v[n++] = l->v[i];
	l->n = n;
	return 0;
}

struct conntrack_guest *conntrack_guest(const struct conntrack_guests *l, const struct in6_addr *addr)
{
	const struct conntrack_guest key = { .addr = *addr };

	return l->n ? bsearch(&key, l->v, l->n, sizeof *l->v, by_address) : NULL;
}

static size_t count(const struct conntrack_guests *l, bool six)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += !IN6_IS_ADDR_V4MAPPED(&l->v[i].addr) == six;
	return n;
}

/* DHCP's is no use that is made of a container. */
static bool is_dhcp(const struct tuple *orig)
{
	const uint16_t port = ntohs(orig->dport);

	return orig->proto == IPPROTO_UDP && (port == 67 || port == 68 || port == 546 || port == 547);
}

static void count_flow(struct conntrack_guest *guest, const struct flow *flow)
{
	const uint64_t ends = flow->seconds ? clock_in(flow->seconds * CLOCK_SECOND) : 0;

	if (!flow->over)
		guest->flows++;
	else if (ends > guest->ends)
		guest->ends = ends;
}

static void take_flow(const struct flow *flow, void *data)
{
	struct conntrack_guest *from = conntrack_guest(data, &flow->orig.src);
	struct conntrack_guest *to = conntrack_guest(data, &flow->reply.src);

	if (is_dhcp(&flow->orig))
		return;
	if (from)
		count_flow(from, flow);
	if (to && to != from)
		count_flow(to, flow);
}

int conntrack_look(struct conntrack_guests *l, struct err *err)
{
	int r = put_in_order(l, err);

	for (int six = 0; six < 2 && r >= 0; six++)
		if (count(l, six))
			r = conntrack_each(six, take_flow, l, err);
	return r;
}

static int forget_one_by_one(const struct conntrack_guests *l, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < l->n && r >= 0; i++) {
		const struct half from = { .flags = BY_SRC, .want.src = l->v[i].addr };
		if (!IN6_IS_ADDR_V4MAPPED(&l->v[i].addr))
			continue;
		r = conntrack_forget(&(struct filter){ .reply = from }, err);
		if (r >= 0)
			r = conntrack_forget(&(struct filter){ .orig = from }, err);
	}
	return r;
}

int conntrack_forget_guests(struct conntrack_guests *l, struct err *err)
{
	int r = put_in_order(l, err);

	if (r >= 0 && count(l, false) > FEW)
		r = conntrack_forget(&(struct filter){ .guests = l }, err);
	else if (r >= 0)
		r = forget_one_by_one(l, err);
	if (r >= 0 && count(l, true)) /* the kernel does not find one of IPv6's by its address */
		r = conntrack_forget(&(struct filter){ .six = true, .guests = l }, err);
	return r;
}

/* --- of ports --------------------------------------------------------------------------------------------------------- */

#define ONE_BY_ONE 64 /* more are looked for in one go */

/* What names the flows to this port of the host. */
static struct half to_port(const struct nft_element *e)
{
	return (struct half){ .flags = BY_PROTO | BY_DPORT | (nft_is_any(e) ? 0 : BY_DST),
			      .want = { .proto = e->proto, .dst = e->host, .dport = htons(e->port) } };
}

static int forget_udp(const struct nft_elements *elements, bool six, struct err *err)
{
	const struct filter each = { .six = six,
				     .orig = { .flags = BY_PROTO, .want.proto = IPPROTO_UDP },
				     .ports = elements };
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < elements->n; i++)
		n += elements->v[i].proto == IPPROTO_UDP && nft_is6(&elements->v[i]) == six;
	if (n > ONE_BY_ONE)
		return conntrack_forget(&each, err);
	for (size_t i = 0; n && i < elements->n && r >= 0; i++)
		if (elements->v[i].proto == IPPROTO_UDP && nft_is6(&elements->v[i]) == six)
			r = conntrack_forget(&(struct filter){ .six = six, .orig = to_port(&elements->v[i]) }, err);
	return r;
}

int conntrack_forget_ports(const struct nft_elements *elements, struct err *err)
{
	int r = forget_udp(elements, false, err);

	return r < 0 ? r : forget_udp(elements, true, err);
}

static int forget_forwarded(const struct nft_elements *all, bool six, struct err *err)
{
	struct half reply = { .flags = BY_SRC };
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < all->n; i++)
		if (nft_is6(&all->v[i]) == six && n++ == 0)
			reply.want.src = all->v[i].guest;
	if (n > ONE_BY_ONE)
		return conntrack_forget(&(struct filter){ .six = six, .reply = reply, .ports = all }, err);
	reply.flags |= BY_PROTO | BY_SPORT;
	for (size_t i = 0; n && i < all->n && r >= 0; i++) {
		if (nft_is6(&all->v[i]) != six)
			continue;
		reply.want.proto = all->v[i].proto;
		reply.want.sport = htons(all->v[i].target);
		r = conntrack_forget(&(struct filter){ .six = six, .orig = to_port(&all->v[i]), .reply = reply }, err);
	}
	return r;
}

int conntrack_forget_forwarded(const struct nft_elements *elements, struct err *err)
{
	int r = forget_forwarded(elements, false, err);

	return r < 0 ? r : forget_forwarded(elements, true, err);
}
