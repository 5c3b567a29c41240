/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/stop.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/sys.h"
#include "life/state.h"
#include "life/wait.h"
#include "store/last.h"

/* What undoing may take after init's end, and a start before it can be stopped. */
#define UNDO_TIME  (60 * CLOCK_SECOND)
#define START_TIME (60 * CLOCK_SECOND)
#define REBOOTED   1

/* What a supervisor may take to answer, or to end when it no longer listens; what is killed gets no longer. */
#define ANSWER_TIME (2 * CLOCK_SECOND)
#define LAST_TIME   (10 * CLOCK_SECOND)
#define REST_TIME   (100 * CLOCK_MS)

static uint64_t later(uint64_t ns, uint64_t more)
{
	return ns > CLOCK_NEVER - more ? CLOCK_NEVER : ns + more;
}

/* The supervisor has said its last word: wait until it is no more. */
static int wait_gone(int pidfd)
{
	return pidfd < 0 ? 0 : fd_wait(pidfd, POLLIN, clock_in(CLOCK_SECOND));
}

/* Watch until it has stopped (0), or runs anew (REBOOTED) when that was asked for. */
static int see_end(int sock, uint32_t run, const struct life_stop *stop, uint64_t deadline, struct err *err)
{
	struct wire_status st;

	for (;;) {
		int r = wire_recv(sock, WIRE_WATCH, &st, sizeof st, NULL, 0, NULL, deadline, err);
		if (r < 0)
			return r;
		if (st.state == WIRE_STOPPED)
			return 0;
		if (stop->how == WIRE_REBOOT && st.state == WIRE_RUNNING && st.run != run)
			return REBOOTED;
		if (st.state == WIRE_ABORTING) /* it could not undo everything, and has let go: we try */
			return -ECONNRESET;
	}
}

/* The connection broke, or nobody listens: its supervisor has ended, or is about to. What it left is cleared away. ends: the
 * run was seen to be ending, so that one which starts or runs is the next. */
static int wait_stopped(const struct store *store, const char *name, bool ends, uint64_t deadline, struct err *err)
{
	const unsigned over = 1U << WIRE_STOPPED | 1U << WIRE_ABORTING, next = 1U << WIRE_STARTING | 1U << WIRE_RUNNING;
	int r;

	err_clear(err);
	r = life_wait(store, name, ends ? over | next : over, false, deadline, NULL, err);
	return r < 0 ? r : life_recover(store, name, err);
}

static bool is_gone(int r)
{
	return r == -ECONNRESET || r == -EPIPE;
}

static uint64_t answer_time(const struct life_stop *stop)
{
	if (stop->how == WIRE_KILL || stop->no_wait || stop->timeout < ANSWER_TIME)
		return ANSWER_TIME;
	return stop->timeout;
}

/* Ask it to end the run. -EHOSTDOWN when it does not answer. */
static int ask(int sock, const struct life_stop *stop, uint64_t deadline, struct wire_status *ret, struct err *err)
{
	const struct wire_stop req = { .how = stop->how, .timeout = stop->no_kill ? CLOCK_NEVER : stop->timeout };
	int r = wire_call(sock, WIRE_STATUS, NULL, 0, ret, sizeof *ret, deadline, err);

	if (r >= 0)
		r = wire_call(sock, WIRE_STOP, &req, sizeof req, NULL, 0, deadline, err);
	if (r == -ETIMEDOUT)
		return err_set(err, EHOSTDOWN, "its supervisor does not answer");
	return r == -ESRCH ? 0 : r; /* it is ending already: that is as good */
}

static int stop_over(int sock, const struct life_stop *stop, uint64_t deadline, struct err *err)
{
	struct wire_status st = { 0 };
	autoclose int pidfd = -1;
	int r = ask(sock, stop, clock_in(answer_time(stop)), &st, err);

	if (r < 0 || stop->no_wait)
		return r;
	pidfd = sys_pidfd_open(st.supervisor_pid);
	r = wire_send(sock, WIRE_WATCH, 0, NULL, 0, NULL, 0, err);
	if (r >= 0)
		r = see_end(sock, st.run, stop, deadline, err);
	if (is_gone(r) || r == 0)
		wait_gone(pidfd);
	return r;
}

static uint64_t patience(const struct life_stop *stop)
{
	if (stop->no_kill)
		return clock_in(stop->timeout);
	return clock_in(later(stop->how == WIRE_KILL ? 0 : stop->timeout, UNDO_TIME));
}

/* It has no control socket: at its end that is removed before the last things are undone. */
static int wait_unheard(const struct store *store, const char *name, const struct life_stop *stop, struct err *err)
{
	const bool ends = store_lock_peek(store, name, NULL) == STORE_STOPPING;

	return wait_stopped(store, name, ends, clock_in(ends ? LAST_TIME : answer_time(stop)), err);
}

static int end_run(const struct store *store, const char *name, const struct life_stop *stop, struct err *err)
{
	const uint64_t deadline = patience(stop);
	autoclose int sock = life_connect(store, name, clock_in(answer_time(stop)), err);
	int r = sock < 0 ? sock : stop_over(sock, stop, deadline, err);

	if (is_gone(r))
		r = wait_stopped(store, name, true, deadline, err);
	else if (r == -ENOTCONN)
		r = wait_unheard(store, name, stop, err);
	if ((r != -ETIMEDOUT && r != -EHOSTDOWN) || stop->no_kill || (stop->no_wait && stop->how != WIRE_KILL))
		return r;
	err_clear(err);
	return life_force(store, name, err);
}

/* Between two short runs its supervisor waits, and can be asked: a start that is under way leaves nobody to answer. */
static bool rests(const struct store *store, const char *name)
{
	const uint64_t deadline = clock_in(REST_TIME);
	struct wire_status st;
	autoclose int sock = life_connect(store, name, deadline, NULL);

	return sock >= 0 && wire_call(sock, WIRE_STATUS, NULL, 0, &st, sizeof st, deadline, NULL) >= (int)WIRE_STATUS_MIN &&
	       st.state == WIRE_STARTING;
}

/* A start that is under way ends first: what is half made cannot be asked to stop. */
static int await_start(const struct store *store, const char *name, const struct life_stop *stop, enum wire_state *state,
		       struct err *err)
{
	const unsigned settled = 1U << WIRE_STOPPED | 1U << WIRE_ABORTING | WIRE_STATES_RUN;
	const bool kills = stop->how == WIRE_KILL;
	struct wire_status st;
	int r = life_wait(store, name, settled, false, clock_in(kills ? LAST_TIME : START_TIME), &st, err);

	if (r == 0)
		*state = (enum wire_state)st.state;
	if (r == -ETIMEDOUT && kills) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? err_wrap(err, "wait for its start") : 0;
}

static int tell_no_reboot(const struct store *store, const char *name, struct err *err)
{
	autoclose int folder = store_container(store, name, NULL);
	struct last last = { 0 };

	if (folder < 0 || last_read(folder, &last, NULL) < 0 || !last.failed[0])
		return err_set(err, ECANCELED, "has stopped instead of rebooting");
	return err_set(err, ECANCELED, "has stopped instead of rebooting: %.400s", last.failed);
}

int life_stop(const struct store *store, const char *name, const struct life_stop *stop, struct err *err)
{
	enum wire_state state;
	int r = life_state(store, name, &state, err);

	if (r == 0 && state == WIRE_STARTING && rests(store, name))
		state = WIRE_RUNNING;
	if (r == 0 && state == WIRE_STARTING)
		r = await_start(store, name, stop, &state, err);
	if (r < 0)
		return r;
	if (state == WIRE_STARTING)
		return life_force(store, name, err);
	if (state == WIRE_STOPPED || state == WIRE_ABORTING) {
		r = life_recover(store, name, err);
		if (r >= 0 && state == WIRE_STOPPED)
			r = err_set(err, ESRCH, "is not running");
		return r;
	}
	r = end_run(store, name, stop, err);
	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "has not %s in time", stop->how == WIRE_REBOOT ? "rebooted" : "stopped");
	if (r == 0 && stop->how == WIRE_REBOOT && !stop->no_wait)
		return tell_no_reboot(store, name, err);
	return r < 0 ? r : 0;
}
