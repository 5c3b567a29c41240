/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "netd/netd.h"
#include "netd/ports.h"
#include "netd/redirect.h"
#include "netd/relay.h"

static struct claim **list_of(const struct netd *netd, const struct nft_element *e)
{
	return &netd->claims[(e->proto == IPPROTO_TCP ? 0 : 65536) + e->port];
}

static struct member *find_holder(const struct netd *netd, const struct nft_element *e)
{
	for (const struct claim *c = *list_of(netd, e); c; c = c->next)
		if (c->six == nft_is6(e) &&
		    (IN6_IS_ADDR_UNSPECIFIED(&c->host) || nft_is_any(e) || IN6_ARE_ADDR_EQUAL(&c->host, &e->host)))
			return c->member;
	return NULL;
}

static int enter(struct member *member, const struct nft_element *e, struct err *err)
{
	const struct member *holder = find_holder(member->network->netd, e);
	struct claim *claim, **list;

	if (holder)
		return err_set(err, EADDRINUSE, "%s port %u of the host is forwarded to '%s' already", ports_proto(e->proto),
			       (unsigned)e->port, holder->join->name);
	claim = malloc(sizeof *claim);
	if (!claim)
		return err_nomem(err);
	list = list_of(member->network->netd, e);
	*claim = (struct claim){ member, e->host, nft_is6(e), *list };
	*list = claim;
	outward_claimed(member->network->netd, e->proto, e->port);
	return 0;
}

/* Was it in force before we started? Then it is ours even where somebody has taken the port meanwhile. */
static bool was_in_force(const struct network *network, const struct nft_element *e)
{
	const struct nft_element *o = orphans_find(network, e);

	return o && IN6_ARE_ADDR_EQUAL(&o->guest, &e->guest);
}

static void drop(const struct member *member, const struct nft_element *e)
{
	for (struct claim **p = list_of(member->network->netd, e); *p; p = &(*p)->next)
		if ((*p)->member == member && (*p)->six == nft_is6(e) && IN6_ARE_ADDR_EQUAL(&(*p)->host, &e->host)) {
			struct claim *claim = *p;
			*p = claim->next;
			free(claim);
			return;
		}
}

/* NULL where there is none: what comes to ::1 is relayed then. */
static struct redirect *get_redirect(struct netd *netd)
{
	struct err err = { 0 };

	if (netd->redirect || netd->no_redirect)
		return netd->redirect;
	netd->redirect = redirect_new(netd->loop, &err);
	netd->no_redirect = !netd->redirect;
	if (netd->no_redirect)
		log_info("connections to ::1 are relayed: %s", err.msg);
	return netd->redirect;
}

/* A SYN that is to be waited for has to be sent to the port itself. */
static bool is_redirected(const struct nft_element *e)
{
	return e->proto == IPPROTO_TCP && !e->waits;
}

static void unserve(const struct member *member, size_t i)
{
	const struct nft_element *e = &member->elements.v[i];

	if (!member->relays[i])
		return;
	if (is_redirected(e))
		redirect_del(member->network->netd->redirect, e->port);
	relay_free(member->relays[i]);
	member->relays[i] = NULL;
}

/* The socket that another one held the same port with, most likely for its element of the same number; -1: none. */
static int inherit(struct member *from, const struct nft_element *e, size_t number)
{
	const size_t n = from && from->held ? from->elements.n : 0;

	for (size_t k = 0; k < n; k++) {
		size_t i = (number + k) % n;
		if (from->held[i] < 0 || !nft_same_key(&from->elements.v[i], e))
			continue;
		unserve(from, i);
		return steal_fd(&from->held[i]);
	}
	return -1;
}

/* What comes to ::1, which no rule can forward. Who is not redirected is relayed. */
static int serve(struct member *member, size_t i, struct err *err)
{
	const struct nft_element *e = &member->elements.v[i];
	const struct network *network = member->network;
	int held = member->held[i], r;

	if (held < 0 || !relay_wanted(e) || !ports_is6(held))
		return 0;
	r = ports_serve(held, e->proto, !member->rests);
	if (r < 0)
		return err_sys(err, -r, "hold %s port %u of the host", ports_proto(e->proto), (unsigned)e->port);
	if (member->rests)
		return 0;
	member->relays[i] = relay_new(network->netd->loop, held, e, err);
	if (member->relays[i] && is_redirected(e))
		redirect_add(get_redirect(network->netd), e->port, &e->guest, e->target, network->bridge.gateway);
	return member->relays[i] ? 0 : -EIO;
}

static int take(struct member *member, size_t i, struct member *from, struct err *err)
{
	const struct nft_element *e = &member->elements.v[i];
	int r = enter(member, e, err);

	if (r < 0)
		return r;
	if (e->second)
		return 0;
	r = member->held[i] = inherit(from, e, i);
	if (r < 0)
		r = member->held[i] = ports_hold(e, err);
	if (r < 0 && was_in_force(member->network, e)) {
		log_warn("%s: %s", member->join->name, err ? err->msg : "port not held");
		err_clear(err);
		r = 0;
	}
	if (r >= 0)
		r = serve(member, i, err);
	if (r < 0)
		claims_drop(member, i, 1);
	return r;
}

static int take_all(struct member *member, size_t from, struct member *old, struct err *err)
{
	size_t n = member->elements.n;
	int *held = reallocarray(member->held, n + 1, sizeof *held), r = 0;
	struct relay **relays = reallocarray(member->relays, n + 1, sizeof *relays);

	member->held = held ? held : member->held;
	member->relays = relays ? relays : member->relays;
	for (size_t i = from; held && i < n; i++)
		held[i] = -1;
	if (!held || !relays)
		return err_nomem(err);
	for (size_t i = from; i < n; i++)
		relays[i] = NULL;
	for (size_t i = from; i < n && r >= 0; i++) {
		r = take(member, i, old, err);
		if (r < 0)
			claims_drop(member, from, i - from);
	}
	return r;
}

int claims_take(struct member *member, size_t from, struct err *err)
{
	return take_all(member, from, NULL, err);
}

int claims_hand_over(struct member *from, struct member *to, struct err *err)
{
	int r;

	for (size_t i = 0; i < from->elements.n; i++)
		drop(from, &from->elements.v[i]);
	r = take_all(to, 0, from, err);
	claims_drop(from, 0, from->elements.n);
	return r;
}

struct member *claims_find(const struct netd *netd, uint8_t proto, const struct in6_addr *host, uint16_t port)
{
	const struct nft_element e = { .host = *host, .guest = *host, .proto = proto, .port = port };

	return find_holder(netd, &e);
}

void claims_drop(struct member *member, size_t from, size_t n)
{
	for (size_t i = from; member->held && i < from + n; i++) {
		drop(member, &member->elements.v[i]);
		if (member->relays)
			unserve(member, i);
		if (member->held[i] >= 0)
			close(member->held[i]);
		member->held[i] = -1;
	}
}
