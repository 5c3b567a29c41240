/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events come from inotify: the lock file is written at each change of phase and closed by its last holder, the runtime
 * folder gains a control socket, cgroup.events says when a cgroup has emptied; and from the supervisor, which tells its
 * watchers. Each round arms the watches first and looks then, so that nothing between is missed. */
#include "life/wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "life/state.h"

/* A lock goes a moment after the event of its file's closing (__fput in the kernel's fs/file_table.c): look again this
 * often, each time after twice as long. */
#define SETTLE_ROUNDS 8
#define SETTLE_FIRST  CLOCK_MS
#define PASSING       (1U << WIRE_FREEZING | 1U << WIRE_THAWED) /* states that may be gone when the lock is looked at */
#define V1_LOOK       (20 * CLOCK_MS)                           /* cgroup v1 has no event */

struct waiter {
	const struct store *store;
	const char *name;
	unsigned states;
	bool ready;
	struct cgroup host;
	int inotify;
	int watch; /* connection to the supervisor; -1 */
	unsigned settle;
	struct wire_status status;
};

static void add_watch(struct waiter *w, const char *path, uint32_t mask)
{
	if (path)
		inotify_add_watch(w->inotify, path, mask);
}

static void arm(struct waiter *w)
{
	const struct store *store = w->store;
	autofree char *dir = str_fmt("%s/%s", store->run, w->name);
	autofree char *lock = str_fmt("%s/%s/lock", store->run, w->name);
	autofree char *events = cgroup_events_path(&w->host, store, w->name);

	add_watch(w, store->run, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	add_watch(w, dir, IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR);
	add_watch(w, lock, IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF);
	add_watch(w, events, IN_MODIFY);
}

/* Events say only that something has changed. */
static void drain(int inotify)
{
	char buf[4096];

	while (read(inotify, buf, sizeof buf) > 0)
		;
}

static void unwatch(struct waiter *w)
{
	if (w->watch >= 0)
		close(w->watch);
	w->watch = -1;
}

/* The next that the supervisor says; it has something to say, or a moment to answer. */
static void hear(struct waiter *w)
{
	struct wire_status st;
	int r = wire_recv(w->watch, WIRE_WATCH, &st, sizeof st, NULL, 0, NULL, clock_in(CLOCK_SECOND), NULL);

	if (r >= (int)WIRE_STATUS_MIN)
		w->status = st;
	else
		unwatch(w);
}

static void watch_supervisor(struct waiter *w)
{
	if (w->watch >= 0)
		return;
	w->watch = life_connect(w->store, w->name, clock_in(CLOCK_SECOND), NULL);
	if (w->watch < 0)
		return;
	if (wire_send(w->watch, WIRE_WATCH, 0, NULL, 0, NULL, 0, NULL) < 0)
		unwatch(w);
	else
		hear(w);
}

static int look(struct waiter *w, bool *ret_met, struct err *err)
{
	enum wire_state state;
	int r = life_state_on(&w->host, w->store, w->name, &state, err);

	if (r < 0)
		return r;
	if ((w->ready || w->states & PASSING) && 1U << state & WIRE_STATES_RUN)
		watch_supervisor(w);
	if (w->watch < 0)
		w->status = (struct wire_status){ .state = state };
	*ret_met = (w->states >> state & 1) || (w->states & PASSING & 1U << w->status.state) ||
		   (w->ready && w->watch >= 0 && w->status.ready);
	return 0;
}

static uint64_t next_look(const struct waiter *w, uint64_t deadline)
{
	uint64_t at = CLOCK_NEVER;

	if (w->settle < SETTLE_ROUNDS)
		at = clock_in(SETTLE_FIRST << w->settle);
	else if (w->status.state == WIRE_ABORTING && !(w->host.n && w->host.h[0].v2))
		at = clock_in(V1_LOOK);
	return at < deadline ? at : deadline;
}

/* Until something may have changed. */
static int sleep_on(struct waiter *w, uint64_t deadline)
{
	struct pollfd p[2] = { { .fd = w->inotify, .events = POLLIN }, { .fd = w->watch, .events = POLLIN } };
	int n = poll(p, 2, clock_left_ms(next_look(w, deadline)));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0) {
		w->settle++;
		return clock_now() >= deadline ? -ETIMEDOUT : 0;
	}
	w->settle = 0;
	if (p[0].revents)
		drain(w->inotify);
	if (p[1].revents)
		hear(w);
	return 0;
}

static int wait_on(struct waiter *w, uint64_t deadline, struct err *err)
{
	bool met = false;
	int r;

	for (;;) {
		arm(w);
		r = look(w, &met, err);
		if (r < 0 || met)
			return r;
		r = sleep_on(w, deadline);
		if (r < 0)
			return err_set(err, -r, "%s", r == -ETIMEDOUT ? "timed out" : strerror(-r));
	}
}

int life_wait(const struct store *store, const char *name, unsigned states, bool ready, uint64_t deadline,
	      struct wire_status *ret_status, struct err *err)
{
	struct waiter w = { .store = store,
			    .name = name,
			    .states = states,
			    .ready = ready,
			    .inotify = -1,
			    .watch = -1,
			    .settle = SETTLE_ROUNDS };
	int r = store_make(store, err);

	if (r >= 0)
		r = cgroup_host(&w.host, err);
	if (r < 0)
		return r;
	w.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = w.inotify < 0 ? err_sys(err, errno, "wait for events") : wait_on(&w, deadline, err);
	if (ret_status)
		*ret_status = w.status;
	unwatch(&w);
	if (w.inotify >= 0)
		close(w.inotify);
	return r;
}
