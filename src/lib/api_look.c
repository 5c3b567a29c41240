/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lib/api.h"
#include "life/look.h"
#include "life/monitor.h"
#include "life/state.h"
#include "life/wait.h"

#define SAME(x) _Static_assert((int)MGR_##x == (int)WIRE_##x, "mgr.h has the same numbers")
SAME(STOPPED);
SAME(STARTING);
SAME(RUNNING);
SAME(STOPPING);
SAME(ABORTING);
SAME(FREEZING);
SAME(FROZEN);
SAME(THAWED);
_Static_assert(MGR_THAWED + 1 == WIRE_STATES, "mgr.h has them all");
_Static_assert((int)MGR_EVENT_FAILING == (int)LIFE_EVENT_FAILING, "mgr.h has the same numbers");

/* What mgr_info points into. */
struct held {
	struct mgr_info info; /* first: the caller's pointer */
	struct look look;
};

const char *mgr_state_name(enum mgr_state state)
{
	return (unsigned)state < WIRE_STATES ? wire_state_names[state] : NULL;
}

int mgr_get_state(struct mgr *m, const char *name, enum mgr_state *ret, struct mgr_error *error)
{
	enum wire_state state;
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0)
		r = life_state(&m->store, name, &state, &err);
	if (r == 0)
		*ret = (enum mgr_state)state;
	return api_end(r, &err, error);
}

/* Never NULL, so that a caller can go through it. */
static char **list_of(struct strv *l)
{
	static char *none[1];

	return l->v ? l->v : none;
}

static void fill(struct mgr_info *info, struct look *look)
{
	const struct wire_status *s = &look->status;

	*info = (struct mgr_info){
		.state = (enum mgr_state)s->state,
		.ready = s->ready,
		.silent = look->silent,
		.ready_how = s->ready_how,
		.status = s->status,
		.uuid = look->uuid,
		.init = s->init_pid,
		.supervisor = s->supervisor_pid,
		.started = s->started,
		.reboots = s->run,
		.ipv4 = list_of(&look->ipv4),
		.ipv6 = list_of(&look->ipv6),
		.forwards = list_of(&look->forwards),
		.memory = look->has_usage ? look->usage.memory : MGR_UNKNOWN,
		.memory_limit = look->has_usage ? look->usage.memory_limit : MGR_UNKNOWN,
		.cpu = look->has_usage ? look->usage.cpu : MGR_UNKNOWN,
		.pids = look->has_usage ? look->usage.pids : MGR_UNKNOWN,
		.has_last = look->has_last,
		.last_killed = look->last.killed,
		.last_status = look->last.status,
		.last_ended = look->last.ended,
		.last_oom_kills = look->last.oom_kills,
		.last_failure = look->last.failed,
		.last_lost = look->last.lost,
		.unserved = s->unserved,
		.failing = s->failing,
	};
}

int mgr_get_info(struct mgr *m, const char *name, struct mgr_info **ret, struct mgr_error *error)
{
	const uint64_t deadline = clock_in(LOOK_PATIENCE);
	struct held *h = NULL;
	struct cgroup host = { 0 };
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0)
		r = cgroup_host(&host, &err);
	if (r == 0 && !(h = calloc(1, sizeof *h)))
		r = err_nomem(&err);
	if (r == 0)
		r = look_at(&host, &m->store, name, life_ask(&m->store, name, deadline, NULL), deadline, LOOK_ALL, &h->look,
			    &err);
	if (r < 0) {
		free(h);
		return api_end(r, &err, error);
	}
	fill(&h->info, &h->look);
	*ret = &h->info;
	return 0;
}

void mgr_free_info(struct mgr_info *info)
{
	struct held *h = (struct held *)info;

	if (!h)
		return;
	look_done(&h->look);
	free(h);
}

int mgr_wait(struct mgr *m, const char *name, unsigned states, int timeout_ms, struct mgr_error *error)
{
	struct wire_status status = { 0 };
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0 && (!states || states >= 1U << WIRE_STATES))
		r = err_set(&err, EINVAL, "no such state to wait for");
	if (r == 0)
		r = life_wait(&m->store, name, states, false, api_deadline(timeout_ms), &status, &err);
	return r < 0 ? api_end(r, &err, error) : (int)status.state;
}

int mgr_wait_ready(struct mgr *m, const char *name, int timeout_ms, struct mgr_error *error)
{
	struct wire_status status = { 0 };
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0)
		r = life_wait(&m->store, name, 1U << WIRE_STOPPED | 1U << WIRE_ABORTING, true, api_deadline(timeout_ms),
			      &status, &err);
	if (r == 0 && !status.ready)
		r = err_set(&err, ECHILD, "does not run");
	return api_end(r, &err, error);
}

struct watcher {
	int (*event)(const struct mgr_event *event, void *data);
	void *data;
};

static bool every(const char *name, void *data)
{
	(void)name, (void)data;
	return true;
}

static int tell(const struct life_event *event, void *data)
{
	const struct watcher *w = data;
	const struct mgr_event e = {
		.kind = (enum mgr_event_kind)event->kind,
		.state = (enum mgr_state)event->status->state,
		.name = event->name,
		.time = event->time,
		.exit_status = event->status->exit_status,
		.oom_kills = event->status->oom_kills,
	};

	return w->event(&e, w->data);
}

int mgr_monitor(struct mgr *m, int (*event)(const struct mgr_event *event, void *data), void *data, struct mgr_error *error)
{
	struct watcher w = { event, data };
	const struct life_monitor how = { .initial = true, .wanted = every, .event = tell, .data = &w };
	struct err err = { 0 };
	int r = life_monitor(&m->store, &how, &err);

	return err.code ? api_end(r, &err, error) : r;
}
