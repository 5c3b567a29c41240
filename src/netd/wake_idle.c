/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [start] idle-freeze: a container without flows for so long is frozen. Its forwards all thaw it then. */
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

static uint64_t next_look(const struct waker *w)
{
	uint64_t part = its_time(w) / PARTS;

	return clock_in(part < LOOK_LEAST ? LOOK_LEAST : part > LOOK_MOST ? LOOK_MOST : part);
}

/* Has it flows, or has one ended since the last look? What cannot be told counts as one. */
static bool is_used(struct waker *w)
{
	const struct member_addrs addrs = member_addrs(w->member);
	struct conntrack_flows flows = { 0 };
	struct err err = { 0 };
	bool ended;

	for (size_t i = 0; i < ARRAY_SIZE(addrs.v); i++)
		if (!IN6_IS_ADDR_UNSPECIFIED(&addrs.v[i]) && conntrack_look(&addrs.v[i], &flows, &err) < 0) {
			log_error("%s", err.msg);
			return true;
		}
	ended = flows.ends > w->flow_ends + CLOCK_SECOND; /* the kernel says it in whole seconds */
	w->flow_ends = flows.ends;
	return flows.n || ended;
}

/* Without a forward nothing would thaw it. */
static bool may_freeze(const struct waker *w)
{
	return w->state == WAKER_AWAKE && w->member && w->self.join->idle && w->self.elements.n;
}

void waker_idle_look(void *data)
{
	struct waker *w = data;

	if (!may_freeze(w))
		return;
	if (is_used(w))
		w->used = clock_now();
	else if (clock_now() - w->used >= its_time(w)) {
		waker_freeze(w);
		w->used = clock_now(); /* when that fails, it is tried again after as long */
	}
	loop_timer_start(w->netd->loop, &w->idle, next_look(w));
}

void waker_idle(struct waker *w)
{
	loop_timer_stop(w->netd->loop, &w->idle);
	if (!may_freeze(w))
		return;
	w->used = clock_now();
	loop_timer_start(w->netd->loop, &w->idle, next_look(w));
}

bool waker_is_used(struct waker *w)
{
	return w->member && w->self.join->idle && is_used(w);
}
