/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The wakers, and what becomes of one when its container comes or goes. */
#include "netd/wake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "netd/wake_internal.h"

#define REFUSED_LEAST CLOCK_SECOND /* after a failure; doubles with each */
#define REFUSED_MOST  (60 * CLOCK_SECOND)

struct waker *waker_find(const struct netd *netd, const char *uuid)
{
	struct waker *w = netd->wake.wakers;

	while (w && !str_eq(w->self.join->uuid, uuid))
		w = w->next;
	return w;
}

bool wake_needs(const struct netd *netd, const struct network *network)
{
	const struct waker *w = netd->wake.resting ? netd->wake.wakers : NULL;

	while (w && (w->state != WAKER_RESTS || (network && w->self.network != network)))
		w = w->next;
	return w;
}

/* One that is frozen by itself is thawed by any forward. */
uint32_t wake_resting(const struct network *network)
{
	uint32_t n = 0;

	for (const struct waker *w = network->netd->wake.wakers; w; w = w->next)
		n += w->state == WAKER_RESTS && w->self.network == network;
	return n;
}

static bool wakes(const struct wire_net_join *join, uint32_t i, bool rests)
{
	return join->forwards[i].flags & WIRE_FORWARD_WAKE || (join->idle && !rests);
}

void waker_enter(struct waker *w, enum waker_state state)
{
	struct netd *netd = w->netd;

	if (w->state == WAKER_RESTS)
		netd->wake.resting--;
	if (state == WAKER_RESTS)
		netd->wake.resting++;
	w->state = state;
	if (state == WAKER_AWAKE || state == WAKER_RESTS)
		waker_by_us(w, false);
	if (state == WAKER_RESTS)
		loop_timer_stop(netd->loop, &netd->idle);
	else if (!netd->wake.resting)
		netd_consider_ending(netd);
	wake_guard(netd);
}

static void free_self(struct member *self)
{
	nft_elements_done(&self->elements);
	free(self->join);
	free(self->held);
	free(self->relays);
}

static void waker_free(struct waker *w)
{
	struct waker **p = &w->netd->wake.wakers;
	struct err err = { 0 };

	while (*p && *p != w)
		p = &(*p)->next;
	if (*p)
		*p = w->next;
	if (waker_list(w, false, &err) < 0)
		log_error("%s", err.msg);
	waker_let_go(w);
	waker_rest(w, true);
	claims_drop(&w->self, 0, w->self.elements.n);
	waker_enter(w, WAKER_AWAKE);
	free_self(&w->self);
	free(w->packets);
	free(w);
}

/* What it is from now on: the join, and the elements that wake it. Neither listed nor with ports. */
static int describe(struct member *self, struct network *network, const struct wire_net_join *join, size_t len, bool rests,
		    struct err *err)
{
	int r = 0;

	*self = (struct member){ .network = network, .join = malloc(len), .join_len = len, .rests = true };
	if (!self->join)
		return err_nomem(err);
	memcpy(self->join, join, len);
	for (uint32_t i = 0; i < join->n_forwards && r >= 0; i++)
		if (wakes(join, i, rests))
			r = join_forward_elements(join, &network->bridge, &join->forwards[i], &self->elements);
	if (r >= 0)
		return 0;
	free_self(self);
	return err_nomem(err);
}

static struct waker *waker_new(struct netd *netd, const struct member *self, struct err *err)
{
	struct waker *w = calloc(1, sizeof *w);

	if (!w) {
		err_nomem(err);
		return NULL;
	}
	w->netd = netd;
	w->self = *self;
	w->timer = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = waker_look_again, .data = w };
	w->look = CLOCK_NEVER;
	w->next = netd->wake.wakers;
	netd->wake.wakers = w;
	return w;
}

static bool same_elements(const struct nft_elements *a, const struct nft_elements *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->v, b->v, a->n * sizeof *a->v) == 0);
}

/* The waker of this join, made or changed; NULL with err. The ports that it held it holds no more when they are others. */
static struct waker *waker_of(struct netd *netd, struct network *network, const struct wire_net_join *join, size_t len,
			      bool rests, struct err *err)
{
	struct waker *w = waker_find(netd, join->uuid);
	struct member self;

	if (describe(&self, network, join, len, rests, err) < 0)
		return NULL;
	if (!w) {
		w = waker_new(netd, &self, err);
		if (!w)
			free_self(&self);
		return w;
	}
	if (same_elements(&w->self.elements, &self.elements)) {
		free(w->self.join);
		w->self.join = steal_ptr(&self.join);
		w->self.join_len = len;
		w->self.network = network;
		free_self(&self);
		return w;
	}
	if (waker_list(w, false, err) < 0) {
		free_self(&self);
		return NULL;
	}
	claims_drop(&w->self, 0, w->self.elements.n);
	free_self(&w->self);
	w->self = self;
	return w;
}

/* --- it stops, or is stopped ------------------------------------------------------------------------------------------ */

static int hold(struct waker *w, struct err *err)
{
	return w->self.held ? 0 : claims_take(&w->self, 0, err);
}

/* It has its ports. */
static int rest(struct waker *w, struct err *err)
{
	int r = waker_list(w, true, err);

	if (r >= 0)
		r = wake_file_write(w, err);
	if (r >= 0)
		waker_enter(w, WAKER_RESTS);
	return r;
}

static int begin_rest(struct netd *netd, struct wire_net_join *join, size_t len, struct err *err)
{
	struct network *network = network_get(netd, join_network(join), err);
	struct waker *w;
	int r = network ? network_up(network, err) : -err->code;

	if (r >= 0)
		r = join_check(join, &network->bridge, err);
	if (r < 0)
		return r;
	w = waker_of(netd, network, join, len, true, err);
	r = w ? hold(w, err) : -err->code;
	if (r >= 0)
		r = rest(w, err);
	if (r < 0 && w)
		waker_free(w);
	return r;
}

int wake_rest(struct netd *netd, const void *request, size_t len, struct err *err)
{
	autofree struct wire_net_join *join = wire_join_take(request, len, &len, err);
	int r = join ? join_check_uuid(join->uuid, err) : -err->code;

	if (r < 0)
		return r;
	if (member_find(netd, join->uuid))
		return 0;
	if (!wire_join_wakes(join)) {
		wake_forget(netd, join->uuid);
		return 0;
	}
	r = begin_rest(netd, join, len, err);
	if (r >= 0)
		log_info("'%s' waits for a connection", join->name);
	else
		netd_consider_ending(netd);
	return r;
}

void wake_forget(struct netd *netd, const char *uuid)
{
	struct waker *w = waker_find(netd, uuid);

	wake_file_remove(netd, uuid);
	if (!w)
		return;
	log_info("'%s' waits no more", w->self.join->name);
	waker_free(w);
}

void wake_leaving(struct member *m)
{
	struct netd *netd = m->network->netd;
	struct err err = { 0 };
	struct waker *w;
	int r = -ENOMEM;

	if (!wire_join_wakes(m->join)) {
		wake_forget(netd, m->join->uuid);
		return;
	}
	w = waker_of(netd, m->network, m->join, m->join_len, true, &err);
	if (w) {
		w->member = NULL;
		r = claims_hand_over(m, &w->self, &err);
	}
	if (r >= 0)
		r = rest(w, &err);
	if (r < 0) {
		log_error("'%s' cannot wait for a connection: %s", m->join->name, err.msg);
		wake_forget(netd, m->join->uuid);
		return;
	}
	log_info("'%s' waits for a connection", m->join->name);
	w->client = m->client;
	waker_rest(w, false);
	if (w->n && !w->run)
		waker_failed(w);
}

void wake_left(const struct member *m)
{
	struct waker *w = waker_find(m->network->netd, m->join->uuid);

	if (w && w->member == m)
		w->member = NULL;
}

void wake_closed(struct netd *netd, const struct wire_client *client)
{
	for (struct waker *w = netd->wake.wakers; w; w = w->next)
		if (w->client == client) {
			w->client = NULL;
			if (w->state == WAKER_RESTS)
				waker_read_config(w);
		}
}

/* --- it comes --------------------------------------------------------------------------------------------------------- */

int wake_hand_over(struct member *m, struct err *err)
{
	struct waker *w = waker_find(m->network->netd, m->join->uuid);
	int r;

	if (!w || !w->self.held)
		return 0;
	r = claims_hand_over(&w->self, m, err);
	free(w->self.held);
	free(w->self.relays);
	w->self.held = NULL;
	w->self.relays = NULL;
	return r < 0 ? r : 1;
}

void wake_refused(struct netd *netd, const char *uuid)
{
	struct waker *w = waker_find(netd, uuid);
	struct err err = { 0 };

	if (!w || hold(w, &err) >= 0)
		return;
	log_error("'%s' cannot wait for a connection: %s", w->self.join->name, err.msg);
	wake_forget(netd, uuid);
}

/* It is on the network: what waits goes there as soon as it can be taken. */
static void go_on(struct waker *w)
{
	const bool frozen = w->state == WAKER_FREEZING || w->state == WAKER_FROZEN;
	struct err err = { 0 };

	if (!frozen && !w->n) {
		waker_awake(w);
		return;
	}
	if (waker_list(w, true, &err) < 0)
		log_error("%s", err.msg);
	if (!frozen) {
		waker_enter(w, WAKER_COMES);
		waker_run(w);
	}
}

void wake_joined(struct member *m)
{
	struct netd *netd = m->network->netd;
	struct err err = { 0 };
	struct waker *w;

	if (!wire_join_wakes(m->join) && !m->join->idle) {
		wake_forget(netd, m->join->uuid);
		return;
	}
	w = waker_of(netd, m->network, m->join, m->join_len, false, &err);
	if (!w) {
		log_error("%s", err.msg);
		return;
	}
	w->member = m;
	if (wire_join_wakes(m->join))
		wake_file_write(w, NULL);
	else
		wake_file_remove(netd, m->join->uuid);
	go_on(w);
}

void waker_awake(struct waker *w)
{
	struct err err = { 0 };

	waker_enter(w, WAKER_AWAKE);
	w->failures = 0;
	w->not_before = w->refused = 0;
	waker_rest(w, false);
	if (waker_list(w, false, &err) < 0)
		log_error("%s", err.msg);
	waker_let_go(w);
	waker_idle(w);
}

void waker_failed(struct waker *w)
{
	uint64_t rest = REFUSED_LEAST << (w->failures < 6 ? w->failures : 6);

	w->failures++;
	w->refused = clock_in(rest < REFUSED_MOST ? rest : REFUSED_MOST);
	waker_rest(w, false);
	waker_let_go(w);
}

void wake_asked(struct member *m)
{
	struct waker *w = waker_find(m->network->netd, m->join->uuid);

	if (w && w->member == m)
		waker_check_frozen(w);
}

int wake_doze(struct member *m, enum wire_state state, struct err *err)
{
	struct waker *w = waker_find(m->network->netd, m->join->uuid);

	if (!w || !w->member)
		return 0;
	if (state != WIRE_FREEZING && state != WIRE_FROZEN) {
		if (w->state == WAKER_FREEZING || w->state == WAKER_FROZEN)
			waker_awake(w);
		return 0;
	}
	if (waker_list(w, true, err) < 0)
		return -err->code;
	if (w->state == WAKER_AWAKE && !w->run && waker_was_by_us(w)) /* as one before us has it */
		w->frozen_by_us = true;
	waker_enter(w, state == WIRE_FROZEN ? WAKER_FROZEN : WAKER_FREEZING);
	waker_check_frozen(w);
	return 0;
}

/* --- mgr-netd's own ---------------------------------------------------------------------------------------------------- */

static bool runs(const struct wire_net_join *join)
{
	autocall(store_done) struct store store = { 0 };

	return store_open(&store, join->store, NULL) >= 0 && store_lock_peek(&store, join->name, NULL) != STORE_IDLE;
}

/* The supervisor of one that runs comes back first. */
static void know_again(struct netd *netd, const void *bytes, size_t n)
{
	autofree struct wire_net_join *join = NULL;
	struct err err = { 0 };
	struct waker *w;

	join = wire_join_take(bytes, n, &n, &err);
	if (!join)
		log_error("a file of a container that waits: %s", err.msg);
	else if (begin_rest(netd, join, n, &err) < 0)
		log_error("'%s' cannot wait for a connection: %s", join->name, err.msg);
	else if (runs(join) && (w = waker_find(netd, join->uuid)))
		w->not_before = clock_in(NETD_GRACE);
}

void wake_start(struct netd *netd)
{
	netd->wake.idle = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = wake_look_idle, .data = netd };
	wake_files_read(netd, know_again);
	if (!netd->wake.wakers)
		wake_table_end(netd);
}

void wake_stop(struct netd *netd)
{
	while (netd->wake.wakers)
		waker_free(netd->wake.wakers);
	loop_timer_stop(netd->loop, &netd->wake.idle);
	wake_table_end(netd);
}
