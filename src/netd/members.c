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

	while (m && !str_eq(m->join->uuid, uuid))
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
static struct member *member_new(struct network *network, struct wire_net_join *join, size_t len, struct wire_client *client,
				 struct err *err)
{
	struct member *m = calloc(1, sizeof *m);

	if (!m) {
		free(join);
		err_nomem(err);
		return NULL;
	}
	m->network = network;
	m->join = join;
	m->join_len = len;
	m->client = client;
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
	netd->n_members++;
	netd->n_forwards += member_ports(m, 0, m->elements.n);
	loop_timer_stop(netd->loop, &netd->idle);
}

static void strike(const struct member *m)
{
	struct netd *netd = m->network->netd;
	struct member **p = &netd->members;

	while (*p != m)
		p = &(*p)->next;
	*p = m->next;
	netd->n_members--;
	netd->n_forwards -= member_ports(m, 0, m->elements.n);
}

static int admit(struct member *m, struct err *err)
{
	struct network *network = m->network;
	const struct wire_net_join *join = m->join;
	struct dns_entry entry = {
		.name = join->name, .uuid = join->uuid, .ipv4 = join->ipv4, .ipv6 = join_ipv6(join, &network->bridge)
	};
	int r = wake_hand_over(m, err);

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

/* A name is one container's: stores that -P named may each have one of it, and the DNS has no case. */
static int check_name_free(const struct netd *netd, const struct wire_net_join *join, struct err *err)
{
	const struct member *m = netd->members;

	while (m && (strcasecmp(m->join->name, join->name) != 0 || str_eq(m->join->uuid, join->uuid)))
		m = m->next;
	if (!m)
		return 0;
	return err_set(err, EEXIST, "the name '%s' is taken on the network by another container (store '%s')", join->name,
		       m->join->store);
}

static bool same_mac(const struct wire_net_nic *a, const struct wire_net_nic *b)
{
	return str_eq(a->network, b->network) && memcmp(a->mac, b->mac, sizeof a->mac) == 0;
}

/* The bridge would send what is for one to the other. */
static int check_macs_free(const struct netd *netd, const struct wire_net_join *join, struct err *err)
{
	const struct wire_net_nic *own = wire_join_nics(join);

	for (const struct member *m = netd->members; m; m = m->next) {
		const struct wire_net_nic *its = wire_join_nics(m->join);
		if (str_eq(m->join->uuid, join->uuid))
			continue;
		for (uint32_t i = 0; i < join->n_nics; i++)
			for (uint32_t k = 0; k < m->join->n_nics; k++)
				if (same_mac(&own[i], &its[k]))
					return err_set(
						err, EADDRINUSE,
						"net.%u.hwaddr: %02x:%02x:%02x:%02x:%02x:%02x is '%s''s on the network",
						own[i].index, own[i].mac[0], own[i].mac[1], own[i].mac[2], own[i].mac[3],
						own[i].mac[4], own[i].mac[5], m->join->name);
	}
	return 0;
}

int member_join(struct netd *netd, const void *request, size_t len, struct wire_client *client, struct err *err)
{
	autofree struct wire_net_join *join = NULL;
	struct network *network = network_get(netd, "", err);
	char uuid[sizeof join->uuid];
	struct member *m;
	int r = network ? network_up(network, err) : -err->code;

	if (r < 0) {
		netd_consider_ending(netd); /* not while somebody goes on asking: there may be a network of a killed one's */
		return r;
	}
	join = wire_join_take(request, len, &len, err);
	r = join ? join_check(join, &network->bridge, err) : -err->code;
	if (r >= 0)
		r = check_name_free(netd, join, err);
	if (r >= 0)
		r = check_macs_free(netd, join, err);
	if (r < 0)
		return r;
	memcpy(uuid, join->uuid, sizeof uuid);
	m = member_find(netd, uuid);
	if (m && m->join_len == len && memcmp(m->join, join, len) == 0) {
		m->client = client;
		return 0;
	}
	r = m ? member_join_again(m, &join, len, err) : 0;
	if (r != 0) {
		m->client = client;
		return r < 0 ? r : 0;
	}
	if (m) {
		struct member_addrs was = member_leave(m);
		member_end_flows(&was);
	}
	m = member_new(network, steal_ptr(&join), len, client, err);
	r = m ? admit(m, err) : -ENOMEM;
	if (r >= 0) {
		log_info("'%s' has joined", m->join->name);
		wake_joined(m);
		return 0;
	}
	wake_refused(netd, uuid);
	member_free(m);
	return r;
}

struct member_addrs member_addrs(const struct member *m)
{
	struct member_addrs addrs = { { in6addr_any, join_ipv6(m->join, &m->network->bridge) } };

	if (m->join->ipv4.s_addr)
		addrs.v[0] = nft_mapped(m->join->ipv4);
	return addrs;
}

struct member_addrs member_leave(struct member *m)
{
	struct network *network = m->network;
	const struct member_addrs was = member_addrs(m);

	log_info("'%s' has left", m->join->name);
	strike(m);
	dns_remove(&network->dns, m->join->uuid);
	member_put_out_of_force(m);
	sockets_drop(m, NULL);
	claims_drop(m, 0, m->elements.n);
	member_free(m);
	netd_consider_ending(network->netd);
	return was;
}

void member_end_flows(const struct member_addrs *addrs)
{
	for (size_t i = 0; i < ARRAY_SIZE(addrs->v); i++) {
		struct err err = { 0 };
		if (!IN6_IS_ADDR_UNSPECIFIED(&addrs->v[i]) && conntrack_forget_guest(&addrs->v[i], &err) < 0)
			log_error("%s", err.msg);
	}
}

static bool is_member(const char *uuid, const void *data)
{
	const struct network *network = data;
	const struct member *m = member_find(network->netd, uuid);

	return m && m->network == network;
}

void member_grace_over(void *data)
{
	struct network *network = data;

	if (network->up)
		dns_sweep(&network->dns, is_member, network);
	orphans_end(network);
	sockets_sweep(network->netd);
}
