/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container joins: it becomes a member of each network that it names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "netd/netd.h"

/* A name is one container's: stores that -P named may each have one of it, and the DNS has no case. */
static int check_name_free(const struct network *network, const struct wire_net_join *join, struct err *err)
{
	const struct member *m = network->netd->members;

	while (m &&
	       (m->network != network || strcasecmp(m->join->name, join->name) != 0 || str_eq(m->join->uuid, join->uuid)))
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
static int check_macs_free(const struct network *network, const struct wire_net_join *join, struct err *err)
{
	const struct wire_net_nic *own = wire_join_nics(join);

	for (const struct member *m = network->netd->members; m; m = m->next) {
		const struct wire_net_nic *its = wire_join_nics(m->join);
		if (m->network != network || str_eq(m->join->uuid, join->uuid))
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

/* What it says to one of the networks that it is on. */
struct part {
	struct entry entry;
	struct wire_net_join *join;
	size_t len;
};

static void parts_done(struct part parts[static NICS_MAX])
{
	for (size_t i = 0; i < NICS_MAX; i++)
		free(parts[i].join);
}

/* Nothing is changed by it but that the network is up. */
static int make_part(struct part *ret, struct netd *netd, const char *name, const struct wire_net_join *join, size_t len,
		     struct err *err)
{
	struct network *network = network_get(netd, name, err);
	int r = network ? network_up(network, err) : -err->code;

	if (r < 0)
		return r;
	ret->entry = (struct entry){ .network = network, .side = !str_eq(name, join_network(join)) };
	ret->join = join_part(join, len, network, &ret->len, err);
	r = ret->join ? join_check(ret->join, &network->bridge, err) : -err->code;
	if (r >= 0)
		r = check_name_free(network, ret->join, err);
	return r < 0 ? r : check_macs_free(network, ret->join, err);
}

/* Those that it was on and is no more. */
static void leave_others(struct netd *netd, const char *uuid, const char *const names[], size_t n)
{
	struct conntrack_guests was = { 0 };

	for (struct member *m = netd->members, *next; m; m = next) {
		size_t i = 0;
		next = m->next;
		while (i < n && !str_eq(m->network->name, names[i]))
			i++;
		if (i == n && str_eq(m->join->uuid, uuid))
			member_leave(m, &was);
	}
	member_end_flows(&was);
}

/* What is refused has changed nothing, unless a port or the kernel refuses it. 1: it was not there, or is there anew. */
static int join_all(struct netd *netd, const struct wire_net_join *join, size_t len, struct wire_client *client,
		    struct err *err)
{
	struct part parts[NICS_MAX] = { 0 };
	const char *names[NICS_MAX];
	size_t n = join_networks(join, names);
	bool changed = false;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		r = make_part(&parts[i], netd, names[i], join, len, err);
		parts[i].entry.client = client;
	}
	if (r >= 0)
		leave_others(netd, join->uuid, names, n);
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = member_enter(&parts[i].entry, &parts[i].join, parts[i].len, err);
		changed |= i == 0 && r > 0;
	}
	parts_done(parts);
	return r < 0 ? r : changed;
}

int member_join(struct netd *netd, const void *request, size_t len, struct wire_client *client, struct err *err)
{
	autofree struct wire_net_join *join = wire_join_take(request, len, &len, err);
	int r = join ? join_all(netd, join, len, client, err) : -err->code;

	if (r < 0) {
		if (join)
			wake_refused(netd, join->uuid);
		netd_consider_ending(netd); /* not while somebody goes on asking: there may be a network of a killed one's */
		return r;
	}
	if (r > 0)
		wake_joined(member_find(netd, join->uuid));
	return 0;
}
