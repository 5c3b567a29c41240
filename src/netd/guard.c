/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/vec.h"

/* --- lists ------------------------------------------------------------------------------------------------------------ */

static bool has(const struct guards *l, const struct guard *element)
{
	size_t i = 0;

	while (i < l->n && memcmp(&l->v[i], element, sizeof *element) != 0)
		i++;
	return i < l->n;
}

int guards_append(struct guards *l, const struct guard *element)
{
	struct guard *v = vec_grow(l->v, l->n, &l->room, sizeof *v);

	if (!v)
		return -ENOMEM;
	l->v = v;
	l->v[l->n++] = *element;
	return 0;
}

int guards_minus(const struct guards *a, const struct guards *b, struct guards *ret)
{
	int r = 0;

	for (size_t i = 0; i < a->n && r >= 0; i++)
		if (!has(b, &a->v[i]))
			r = guards_append(ret, &a->v[i]);
	return r;
}

void guards_done(struct guards *l)
{
	free(l->v);
	*l = (struct guards){ 0 };
}

/* The addresses as they stand in elements of their family. */
static bool refuses(const struct guard *e, bool six, const uint8_t *from, const uint8_t *to)
{
	const size_t len = six ? 16 : 4;

	if (memcmp(e->from, from, len) != 0)
		return false;
	if (e->set == (six ? GUARD_ISOLATED6 : GUARD_ISOLATED4))
		return true;
	return e->set == (six ? GUARD_DENY6 : GUARD_DENY4) && memcmp(to, e->from + len, len) >= 0 &&
	       memcmp(to, e->to + len, len) <= 0;
}

bool guards_refuse(const struct guards *l, const struct in6_addr *from, const struct in6_addr *to)
{
	const bool six = !IN6_IS_ADDR_V4MAPPED(from);
	const size_t at = six ? 0 : 12;

	for (size_t i = 0; i < l->n; i++)
		if (refuses(&l->v[i], six, from->s6_addr + at, to->s6_addr + at))
			return true;
	return false;
}

/* --- of a container --------------------------------------------------------------------------------------------------- */

struct in6_addr guard_link_local(const uint8_t mac[static 6])
{
	struct in6_addr addr = { .s6_addr = { 0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4],
					      mac[5] } };

	return addr;
}

/* A NIC's elements in the making. */
struct making {
	const struct wire_net_join *join;
	const struct wire_net_nic *nic;
	const struct in6_addr *main6;
	struct guards *to;
	int r;
};

static uint8_t place_of(const struct making *m)
{
	return (uint8_t)(m->nic - wire_join_nics(m->join));
}

static void put(struct making *m, const struct guard *element)
{
	if (m->r >= 0 && !has(m->to, element))
		m->r = guards_append(m->to, element);
}

static void part(struct guard *element, const void *bytes, size_t len)
{
	memcpy(element->from + element->len, bytes, len);
	element->len = (uint8_t)(element->len + (len + 3) / 4 * 4);
}

static struct guard of_port(const struct making *m, enum guard_set set)
{
	struct guard e = { .set = (uint8_t)set };
	char name[16] = "";

	str_print(name, sizeof name, "%s", m->nic->veth);
	part(&e, name, sizeof name);
	return e;
}

static void put_source(struct making *m, enum guard_set set, const void *addr, size_t len)
{
	struct guard e = of_port(m, set);

	part(&e, m->nic->mac, sizeof m->nic->mac);
	if (addr)
		part(&e, addr, len);
	put(m, &e);
}

static void put_address(struct making *m, enum guard_set set, const void *addr, size_t len, const void *other)
{
	struct guard e = { .set = (uint8_t)set };

	part(&e, addr, len);
	if (other)
		part(&e, other, len);
	put(m, &e);
}

/* In both tables: between containers a packet crosses the bridge's alone. */
static void put_range(struct making *m, uint8_t family, const void *addr, const struct guard_range *range)
{
	const bool six = family == AF_INET6;
	const size_t len = six ? 16 : 4;
	struct guard e = { .set = six ? GUARD_EGRESS6 : GUARD_EGRESS4 };

	part(&e, addr, len);
	memcpy(e.to, e.from, len);
	memcpy(e.to + len, range->to, len);
	part(&e, range->from, len);
	put(m, &e);
	e.set = six ? GUARD_DENY6 : GUARD_DENY4;
	put(m, &e);
}

static void put_denied(struct making *m, uint8_t family, const void *addr)
{
	struct guard_ranges l = { 0 };

	if (m->r >= 0)
		m->r = guard_denied(m->join, place_of(m), family, &l);
	for (size_t i = 0; i < l.n; i++)
		put_range(m, family, addr, &l.v[i]);
	guard_ranges_done(&l);
}

static void put_from(struct making *m, uint8_t family, const void *addr)
{
	put_source(m, family == AF_INET6 ? GUARD_IPV6 : GUARD_IPV4, addr, family == AF_INET6 ? 16 : 4);
}

static void put_own(struct making *m, uint8_t family, const void *addr)
{
	const bool six = family == AF_INET6;
	const size_t len = six ? 16 : 4;

	put_from(m, family, addr);
	if (m->nic->flags & WIRE_NIC_HOST_ACCESS)
		put_address(m, six ? GUARD_HOST6 : GUARD_HOST4, addr, len, NULL);
	if (m->nic->flags & WIRE_NIC_ISOLATED) {
		put_address(m, six ? GUARD_ISOLATED6 : GUARD_ISOLATED4, addr, len, NULL);
		put_address(m, six ? GUARD_SELF6 : GUARD_SELF4, addr, len, six ? (const void *)m->main6 : &m->join->ipv4);
	}
	put_denied(m, family, addr);
}

/* Of several NICs on one link any may answer for all of the container's addresses there (RFC 1122, 3.3.4.2). */
static void put_addresses(struct making *m, const char *network)
{
	const struct wire_net_nic *nics = wire_join_nics(m->join);
	const struct wire_net_item *items = wire_join_items(m->join);

	for (uint32_t i = 0; i < m->join->n_items; i++) {
		if (items[i].kind != WIRE_ITEM_ADDRESS || !str_eq(nics[items[i].nic].network, network))
			continue;
		if (items[i].nic == place_of(m))
			put_own(m, items[i].family, items[i].addr);
		else
			put_from(m, items[i].family, items[i].addr);
	}
}

static void put_nic(struct making *m, const char *network)
{
	const struct in6_addr link_local = guard_link_local(m->nic->mac);

	put_source(m, GUARD_MACS, NULL, 0);
	if (m->nic->flags & WIRE_NIC_ISOLATED) {
		struct guard e = of_port(m, GUARD_ISOLATED), self = of_port(m, GUARD_SELF);
		part(&self, self.from, 16);
		put(m, &e);
		put(m, &self);
	}
	put_addresses(m, network);
	put_own(m, AF_INET6, &link_local);
	if (str_eq(m->nic->veth, m->join->veth) && !IN6_IS_ADDR_UNSPECIFIED(m->main6))
		put_own(m, AF_INET6, m->main6);
}

int guards_of_join(const struct wire_net_join *join, const char *network, const struct in6_addr *main6, struct guards *ret)
{
	struct making m = { .join = join, .main6 = main6, .to = ret };

	for (uint32_t i = 0; i < join->n_nics; i++) {
		m.nic = wire_join_nics(join) + i;
		if (str_eq(m.nic->network, network))
			put_nic(&m, network);
	}
	return m.r;
}
