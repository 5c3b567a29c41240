/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/log.h"
#include "base/str.h"
#include "netd/conntrack.h"
#include "netd/netd.h"

struct member *member_find(const struct netd *netd, const char *uuid)
{
	struct member *m = netd->members;

	while (m && (m->side || !str_eq(m->join->uuid, uuid)))
		m = m->next;
	return m;
}

struct member *member_on(const struct network *network, const char *uuid)
{
	struct member *m = network->netd->members;

	while (m && (m->network != network || !str_eq(m->join->uuid, uuid)))
		m = m->next;
	return m;
}

static void member_free(struct member *m)
{
	if (!m)
		return;
	nft_elements_done(&m->elements);
	guards_done(&m->guards);
	free(m->held);
	free(m->relays);
	free(m->join);
	free(m);
}

/* Owns the join from now on. */
static struct member *member_new(const struct entry *entry, struct wire_net_join *join, size_t len, struct err *err)
{
	struct network *network = entry->network;
	struct member *m = calloc(1, sizeof *m);

	if (!m) {
		free(join);
		err_nomem(err);
		return NULL;
	}
	m->network = network;
	m->join = join;
	m->join_len = len;
	m->client = entry->client;
	m->side = entry->side;
	if (join_elements(join, &network->bridge, &m->elements, err) < 0 ||
	    join_guards(join, network->name, &network->bridge, &m->guards, err) < 0) {
		member_free(m);
		return NULL;
	}
	return m;
}

size_t member_ports(const struct member *m, size_t from, size_t n)
{
	size_t ports = 0;

	for (size_t i = from; i < from + n; i++)
		ports += !m->elements.v[i].second;
	return ports;
}

static void enlist(struct member *m)
{
	struct netd *netd = m->network->netd;

	m->next = netd->members;
	netd->members = m;
	netd->n_forwards += member_ports(m, 0, m->elements.n);
	loop_timer_stop(netd->loop, &netd->idle);
	loop_timer_stop(netd->loop, &m->network->idle);
	netd_consider_ending(netd); /* of another network the time may be over */
}

static void strike(const struct member *m)
{
	struct netd *netd = m->network->netd;
	struct member **p = &netd->members;

	while (*p != m)
		p = &(*p)->next;
	*p = m->next;
	netd->n_forwards -= member_ports(m, 0, m->elements.n);
}

static int admit(struct member *m, struct err *err)
{
	struct network *network = m->network;
	const struct wire_net_join *join = m->join;
	struct dns_entry entry = {
		.name = join->name, .uuid = join->uuid, .ipv4 = join->ipv4, .ipv6 = join_ipv6(join, &network->bridge)
	};
	int r = m->side ? 0 : wake_hand_over(m, err);

	if (r == 0)
		r = claims_take(m, 0, err);
	if (r < 0)
		return r;
	r = sockets_take_all(m, err);
	if (r < 0) {
		claims_drop(m, 0, m->elements.n);
		return r;
	}
	memcpy(entry.mac, join->mac, sizeof entry.mac);
	enlist(m);
	debug_point("netd:join", "claims");
	if (join->ipv4.s_addr)
		r = dns_add(&network->dns, &entry, err);
	debug_point("netd:join", "names");
	if (r >= 0)
		r = member_put_in_force(m, err);
	debug_point("netd:join", "forwards");
	if (r >= 0)
		r = member_plug(m, network, err);
	if (r >= 0) {
		others_joined(network->others);
		return 0;
	}
	strike(m);
	member_put_out_of_force(m);
	dns_remove(&network->dns, join->uuid);
	sockets_drop(m, NULL);
	claims_drop(m, 0, m->elements.n);
	netd_consider_ending(network->netd);
	return r;
}

int member_enter(const struct entry *entry, struct wire_net_join **join, size_t len, struct err *err)
{
	struct network *network = entry->network;
	struct member *m = member_on(network, (*join)->uuid);
	int r = 0;

	if (m && m->side == entry->side) {
		bool same = m->join_len == len && memcmp(m->join, *join, len) == 0;
		r = same ? 0 : member_join_again(m, join, len, err);
		if (same || r != 0) {
			m->client = entry->client;
			return r < 0 ? r : 0;
		}
	}
	if (m) {
		struct conntrack_guests was = { 0 };
		member_leave(m, &was);
		member_end_flows(&was);
	}
	m = member_new(entry, steal_ptr(join), len, err);
	if (!m)
		return -ENOMEM;
	if (admit(m, err) < 0) {
		member_free(m);
		return -err->code;
	}
	log_info("'%s' has joined%s%s", m->join->name, *network->name ? " network " : "", network->name);
	return 1;
}

void member_addrs(const struct member *m, struct conntrack_guests *ret)
{
	const struct wire_net_nic *nics = wire_join_nics(m->join);
	const struct wire_net_item *items = wire_join_items(m->join);
	const struct in6_addr four = nft_mapped(m->join->ipv4), six = join_ipv6(m->join, &m->network->bridge);

	if (m->join->ipv4.s_addr)
		conntrack_guests_add(ret, &four);
	conntrack_guests_add(ret, &six);
	for (uint32_t i = 0; i < m->join->n_items; i++) {
		const struct in6_addr addr = join_address(&items[i]);
		if (items[i].kind == WIRE_ITEM_ADDRESS && str_eq(nics[items[i].nic].network, m->network->name))
			conntrack_guests_add(ret, &addr);
	}
}

void member_leave(struct member *m, struct conntrack_guests *was)
{
	struct network *network = m->network;

	log_info("'%s' has left", m->join->name);
	member_addrs(m, was);
	wake_left(m);
	strike(m);
	dns_remove(&network->dns, m->join->uuid);
	member_put_out_of_force(m);
	sockets_drop(m, NULL);
	claims_drop(m, 0, m->elements.n);
	member_free(m);
	netd_consider_ending(network->netd);
}

void member_leave_sides(struct netd *netd, const char *uuid, struct conntrack_guests *was)
{
	for (struct member *m = netd->members, *next; m; m = next) {
		next = m->next;
		if (m->side && str_eq(m->join->uuid, uuid))
			member_leave(m, was);
	}
}

void member_end_flows(struct conntrack_guests *was)
{
	struct err err = { 0 };

	if (conntrack_forget_guests(was, &err) < 0)
		log_error("%s", err.msg);
	conntrack_guests_done(was);
}

static bool is_member(const char *uuid, const void *data)
{
	return member_on(data, uuid);
}

void member_grace_over(void *data)
{
	struct network *network = data;

	if (network->up)
		dns_sweep(&network->dns, is_member, network);
	orphans_end(network);
	sockets_sweep(network->netd);
}
