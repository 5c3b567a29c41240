/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What waits for one container. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/vec.h"
#include "netd/ports.h"
#include "netd/wake_internal.h"

#define MOST 1024 /* that wait for one container; what is sent on top of that is sent again */

/* A connection that is asked for again, because nobody has answered: the first asking does. */
static bool is_repeated(const struct waker *w, const struct queue_packet *p)
{
	for (size_t i = 0; p->proto == IPPROTO_TCP && i < w->n; i++) {
		const struct queue_packet *was = &w->packets[i];
		if (was->from_port == p->from_port && was->port == p->port && was->proto == p->proto &&
		    IN6_ARE_ADDR_EQUAL(&was->from, &p->from) && IN6_ARE_ADDR_EQUAL(&was->to, &p->to))
			return true;
	}
	return false;
}

static bool keep(struct waker *w, const struct queue_packet *p)
{
	struct queue_packet *packets = w->n < MOST ? vec_grow(w->packets, w->n, &w->room, sizeof *packets) : NULL;

	if (!packets)
		return false;
	w->packets = packets;
	w->packets[w->n++] = *p;
	return true;
}

static const struct nft_element *element_of(const struct waker *w, const struct queue_packet *p)
{
	const struct nft_elements *l = &w->self.elements;

	for (size_t i = 0; i < l->n; i++) {
		const struct nft_element *e = &l->v[i];
		if (e->proto == p->proto && e->port == p->port && nft_is6(e) == !IN6_IS_ADDR_V4MAPPED(&p->to) &&
		    (nft_is_any(e) || IN6_ARE_ADDR_EQUAL(&e->host, &p->to)))
			return e;
	}
	return NULL;
}

/* Whoever was frozen by hand is thawed by what has the option alone. */
static bool is_to_wake(const struct waker *w, const struct queue_packet *p)
{
	const struct nft_element *e = element_of(w, p);

	return (w->state != WAKER_FREEZING && w->state != WAKER_FROZEN) || w->frozen_by_us || (e && e->wakes);
}

void waker_packet(void *data, const struct queue_packet *p)
{
	struct netd *netd = data;
	const struct member *holder = claims_find(netd, p->proto, &p->to, p->port);
	struct waker *w = holder ? waker_find(netd, holder->join->uuid) : NULL;

	if (!w || !w->listed || clock_now() < w->refused || !is_to_wake(w, p) || !waker_may_hear(w, p)) {
		queue_decide(netd->wake.queue, p->id, true);
		return;
	}
	if (is_repeated(w, p) || !keep(w, p)) {
		queue_decide(netd->wake.queue, p->id, false);
		return;
	}
	waker_run(w);
}

bool waker_is_awaited(struct waker *w)
{
	const struct nft_element *last = NULL;

	for (size_t i = 0; i < w->n; i++) {
		const struct nft_element *e = element_of(w, &w->packets[i]);
		if (e && e != last && waker_look(w, e->proto, e->target) <= 0)
			return false;
		last = e;
	}
	return true;
}

void waker_let_go(struct waker *w)
{
	for (size_t i = 0; i < w->n; i++)
		queue_decide(w->netd->wake.queue, w->packets[i].id, true);
	w->n = 0;
}
