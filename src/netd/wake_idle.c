/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [start] idle-freeze: a container without flows for so long is frozen. Its forwards all thaw it then. The flows of all that
 * are to be looked at are looked at in one go. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "netd/conntrack.h"
#include "netd/wake_internal.h"

#define PARTS      4 /* of its time: looked at so often within it, */
#define LOOK_LEAST (100 * CLOCK_MS)
#define LOOK_MOST  (10 * CLOCK_SECOND)

static uint64_t its_time(const struct waker *w)
{
	return w->self.join->idle * CLOCK_MS;
}

/* At a multiple of how often it is: those of one time, and most of those of several, come together. */
static uint64_t next_look(const struct waker *w)
{
	uint64_t part = its_time(w) / PARTS;

	part = part < LOOK_LEAST ? LOOK_LEAST : part > LOOK_MOST ? LOOK_MOST : part;
	return (clock_now() / part + 1) * part;
}

static void await_look(struct waker *w)
{
	struct loop_timer *timer = &w->netd->wake.idle;

	w->look = next_look(w);
	if (w->look < timer->deadline)
		loop_timer_start(w->netd->loop, timer, w->look);
}

/* Without a forward nothing would thaw it. */
static bool may_freeze(const struct waker *w)
{
	return w->state == WAKER_AWAKE && w->member && w->self.join->idle && w->self.join->n_forwards;
}

/* Of addresses that were looked at: has it flows, or has one ended since the last look? */
static bool is_used(struct waker *w, const struct conntrack_guests *seen)
{
	autocall(conntrack_guests_done) struct conntrack_guests own = { 0 };
	uint64_t ends = 0, was = w->flow_ends;
	size_t flows = 0;

	member_addrs(w->member, &own);
	for (size_t i = 0; i < own.n; i++) {
		const struct conntrack_guest *guest = conntrack_guest(seen, &own.v[i].addr);
		flows += guest ? guest->flows : 0;
		if (guest && guest->ends > ends)
			ends = guest->ends;
	}
	w->flow_ends = ends;
	return flows || ends > was + CLOCK_SECOND; /* the kernel says it in whole seconds */
}

static void judge(struct waker *w, const struct conntrack_guests *seen, bool told)
{
	if (!told || is_used(w, seen)) /* what cannot be told counts as used */
		w->used = clock_now();
	else if (clock_now() - w->used >= its_time(w)) {
		waker_freeze(w);
		w->used = clock_now(); /* when that fails, it is tried again after as long */
	}
	await_look(w);
}

static bool look(struct conntrack_guests *guests)
{
	struct err err = { 0 };

	if (conntrack_look(guests, &err) >= 0)
		return true;
	log_error("%s", err.msg);
	return false;
}

void wake_look_idle(void *data)
{
	autocall(conntrack_guests_done) struct conntrack_guests seen = { 0 };
	struct netd *netd = data;
	const uint64_t now = clock_now();
	uint64_t next = CLOCK_NEVER;
	bool told;

	for (struct waker *w = netd->wake.wakers; w; w = w->next)
		if (w->look <= now && may_freeze(w))
			member_addrs(w->member, &seen);
	told = look(&seen);
	for (struct waker *w = netd->wake.wakers; w; w = w->next) {
		if (w->look <= now && may_freeze(w))
			judge(w, &seen, told);
		else if (w->look <= now)
			w->look = CLOCK_NEVER;
		next = w->look < next ? w->look : next;
	}
	loop_timer_stop(netd->loop, &netd->wake.idle);
	if (next != CLOCK_NEVER)
		loop_timer_start(netd->loop, &netd->wake.idle, next);
}

void waker_idle(struct waker *w)
{
	w->look = CLOCK_NEVER;
	if (!may_freeze(w))
		return;
	w->used = clock_now();
	await_look(w);
}

bool waker_is_used(struct waker *w)
{
	autocall(conntrack_guests_done) struct conntrack_guests own = { 0 };

	if (!w->member || !w->self.join->idle)
		return false;
	member_addrs(w->member, &own);
	return !look(&own) || is_used(w, &own);
}
