/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to one container: its supervisor tells it; before and after there is one, lock and cgroup do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "life/monitor_internal.h"
#include "life/state.h"
#include "store/last.h"

/* A lock goes a moment after the event of its file's closing: look again this often, each time after twice as long. */
#define SETTLE_ROUNDS 8
#define SETTLE_FIRST  CLOCK_MS
#define V1_LOOK       (20 * CLOCK_MS) /* cgroup v1 has no event for "empty" */
#define CONNECT_TIME  (100 * CLOCK_MS)

#define AT_REST (1U << WIRE_STOPPED | 1U << WIRE_ABORTING)
#define BEGUN   (WIRE_STATES_RUN | 1U << WIRE_STOPPING)

uint64_t watched_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
}

static void tell(struct watched *w, enum life_event_kind kind)
{
	struct monitor *m = w->monitor;
	const struct life_event event = { kind, watched_now(), w->name, &w->status };

	if (m->result == 0)
		m->result = m->how->event(&event, m->how->data);
	if (m->result)
		loop_quit(m->loop);
}

/* A start takes a few milliseconds: who runs has started, whether we have seen it or not. */
static void tell_state(struct watched *w, enum wire_state state)
{
	const unsigned was = 1U << w->status.state;

	if (w->status.state == state)
		return;
	if (was & AT_REST && 1U << state & BEGUN)
		tell_state(w, WIRE_STARTING);
	if (state == WIRE_STARTING) { /* another run: nothing of it is known yet */
		w->status = (struct wire_status){ .started = w->status.started };
		w->known = true;
	}
	w->status.state = state;
	tell(w, LIFE_EVENT_STATE);
}

static void tell_exit(struct watched *w, int status)
{
	w->status.ended = 1;
	w->status.exit_status = status;
	tell(w, LIFE_EVENT_EXIT);
}

static void tell_ready(struct watched *w, const struct wire_status *st)
{
	w->status.ready = 1;
	memcpy(w->status.ready_how, st->ready_how, sizeof st->ready_how);
	tell(w, LIFE_EVENT_READY);
}

/* What the supervisor says, as far as it is news: in the order in which it happened. */
static void tell_status(struct watched *w, const struct wire_status *st)
{
	struct wire_status *had = &w->status;
	const bool ended = st->ended && !had->ended, more = st->oom_kills > had->oom_kills,
		   ready = st->ready && !had->ready && (ended || st->state != WIRE_STARTING),
		   unserved = st->unserved && !had->unserved, failing = st->failing && !had->failing;

	if ((ended || ready) && !(1U << had->state & BEGUN))
		tell_state(w, WIRE_RUNNING);
	if (ready)
		tell_ready(w, st);
	had->oom_kills = st->oom_kills;
	if (more)
		tell(w, LIFE_EVENT_OOM);
	if (unserved)
		tell(w, LIFE_EVENT_UNSERVED);
	if (failing)
		tell(w, LIFE_EVENT_FAILING);
	if (ended)
		tell_exit(w, st->exit_status);
	tell_state(w, (enum wire_state)st->state);
	*had = *st;
	if (st->state == WIRE_STARTING) /* still what the run before was */
		had->ready = 0;
}

/* The first word about a run that had begun before the monitor: only what has changed since is news. */
static void begin_with(struct watched *w, const struct wire_status *st)
{
	const enum wire_state was = (enum wire_state)w->status.state;

	w->known = true;
	w->status = *st;
	w->status.state = was;
	tell_state(w, (enum wire_state)st->state);
	if (w->monitor->how->initial && st->ready)
		tell(w, LIFE_EVENT_READY);
	if (w->monitor->how->initial && st->unserved)
		tell(w, LIFE_EVENT_UNSERVED);
	if (w->monitor->how->initial && st->failing)
		tell(w, LIFE_EVENT_FAILING);
}

static void hang_up(struct watched *w)
{
	loop_io_remove(w->monitor->loop, w->io);
	close(steal_fd(&w->sock));
	w->io = NULL;
}

static void told(void *data, uint32_t events)
{
	struct watched *w = data;
	struct wire_status st;
	int r = wire_recv(w->sock, WIRE_WATCH, &st, sizeof st, NULL, 0, NULL, clock_now(), NULL);

	(void)events;
	if (r == -ETIMEDOUT)
		return;
	if (r < (int)WIRE_STATUS_MIN || st.state >= WIRE_STATES) {
		hang_up(w);
		watched_look(w);
	} else if (w->known) {
		tell_status(w, &st);
	} else {
		begin_with(w, &st);
	}
}

static void listen_to(struct watched *w)
{
	struct monitor *m = w->monitor;

	w->sock = life_connect(m->store, w->name, clock_in(CONNECT_TIME), NULL);
	if (w->sock < 0)
		return;
	w->io = loop_io_add(m->loop, w->sock, EPOLLIN, told, w);
	if (!w->io || wire_send(w->sock, WIRE_WATCH, 0, NULL, 0, NULL, 0, NULL) < 0)
		hang_up(w);
}

/* A run so short that it was over, its socket gone, before it was looked at: `last` has it. */
static void tell_missed(struct watched *w)
{
	const struct monitor *m = w->monitor;
	autoclose int folder = store_container(m->store, w->name, NULL);
	struct last last;

	if (folder < 0 || last_read(folder, &last, NULL) < 0 || !last.started || last.status == LAST_NO_STATUS ||
	    last.started <= w->status.started || last.ended < m->since)
		return;
	tell_state(w, WIRE_RUNNING);
	w->status.started = last.started;
	w->status.oom_kills = last.oom_kills;
	if (last.oom_kills)
		tell(w, LIFE_EVENT_OOM);
	tell_exit(w, last.status);
}

static void watch_events(struct watched *w)
{
	autofree char *path = cgroup_events_path(&w->monitor->host, w->monitor->store, w->name);

	if (path && w->events < 0)
		w->events = inotify_add_watch(w->monitor->inotify, path, IN_MODIFY);
}

static void look(struct watched *w)
{
	struct monitor *m = w->monitor;
	enum wire_state state;

	if (w->sock >= 0 || life_state_on(&m->host, m->store, w->name, &state, NULL) < 0)
		return;
	if (state == WIRE_ABORTING)
		watch_events(w);
	if (!(1U << state & AT_REST))
		listen_to(w);
	if (w->sock < 0 || state == WIRE_STARTING) {
		if (state == WIRE_STOPPED || state == WIRE_STOPPING)
			tell_missed(w);
		tell_state(w, state);
	}
	if (w->sock < 0 && w->settle < SETTLE_ROUNDS)
		loop_timer_start(m->loop, &w->again, clock_in(SETTLE_FIRST << w->settle++));
	else if (state == WIRE_ABORTING && w->events < 0)
		loop_timer_start(m->loop, &w->again, clock_in(V1_LOOK));
}

static void look_again(void *data)
{
	look(data);
}

void watched_look(struct watched *w)
{
	w->settle = 0;
	look(w);
}

struct watched *watched_new(struct monitor *m, const char *name, bool known)
{
	struct watched *w = calloc(1, sizeof *w);
	char *copy = strdup(name);

	if (!w || !copy) {
		free(w);
		free(copy);
		return NULL;
	}
	*w = (struct watched){ .monitor = m, .name = copy, .folder = -1, .events = -1, .sock = -1, .known = known };
	w->again = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = look_again, .data = w };
	return w;
}

void watched_free(struct watched *w)
{
	if (w->sock >= 0)
		hang_up(w);
	loop_timer_stop(w->monitor->loop, &w->again);
	if (w->events >= 0)
		inotify_rm_watch(w->monitor->inotify, w->events);
	free(w->name);
	free(w);
}
