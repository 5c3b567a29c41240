/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/state.h"

#include <errno.h>

#include "base/cleanup.h"

/* What the holder's phase means; WIRE_STATES where the cgroup decides. */
static enum wire_state state_of(enum store_phase phase)
{
	static const enum wire_state states[STORE_PHASES] = {
		[STORE_IDLE] = WIRE_STATES,       [STORE_WORKING] = WIRE_STATES,    [STORE_STARTING] = WIRE_STARTING,
		[STORE_RUNNING] = WIRE_RUNNING,   [STORE_STOPPING] = WIRE_STOPPING, [STORE_ABORTING] = WIRE_ABORTING,
		[STORE_FREEZING] = WIRE_FREEZING, [STORE_FROZEN] = WIRE_FROZEN,     [STORE_THAWED] = WIRE_THAWED,
	};

	return states[phase];
}

static int state_without(const struct cgroup *host, const struct store *store, const char *name, enum wire_state *ret,
			 struct err *err)
{
	struct cgroup cg = *host;
	int r = cgroup_find(&cg, store, name, err);

	if (r >= 0)
		r = cgroup_populated(&cg, err);
	if (r < 0)
		return r;
	*ret = r ? WIRE_ABORTING : WIRE_STOPPED;
	return 0;
}

int life_state_on(const struct cgroup *host, const struct store *store, const char *name, enum wire_state *ret,
		  struct err *err)
{
	int phase = store_lock_peek(store, name, err);

	if (phase < 0)
		return phase;
	*ret = state_of((enum store_phase)phase);
	return *ret == WIRE_STATES ? state_without(host, store, name, ret, err) : 0;
}

int life_state(const struct store *store, const char *name, enum wire_state *ret, struct err *err)
{
	struct cgroup host;
	int r = store_lock_peek(store, name, err);

	if (r < 0)
		return r;
	*ret = state_of((enum store_phase)r);
	if (*ret != WIRE_STATES)
		return 0;
	r = cgroup_host(&host, err);
	return r < 0 ? r : state_without(&host, store, name, ret, err);
}

/* Whatever kept it from answering in time. */
static int silent(int r, struct err *err)
{
	return r == -ETIMEDOUT ? err_set(err, ETIMEDOUT, "its supervisor does not answer") : r;
}

int life_connect(const struct store *store, const char *name, uint64_t deadline, struct err *err)
{
	autoclose int dir = store_runtime(store, name, false, NULL);
	int sock = dir < 0 ? dir : wire_connect_by(dir, "control", deadline, err);

	if (sock == -ENOENT || sock == -ECONNREFUSED)
		return err_set(err, ENOTCONN, "is not running");
	return silent(sock, err);
}

int life_ask(const struct store *store, const char *name, uint64_t deadline, struct err *err)
{
	autoclose int sock = life_connect(store, name, deadline, err);
	int r = sock < 0 ? sock : wire_send(sock, WIRE_STATUS, 0, NULL, 0, NULL, 0, err);

	return r < 0 ? r : steal_fd(&sock);
}

int life_answer(const struct cgroup *host, const struct store *store, const char *name, int sock, struct wire_status *ret,
		uint64_t deadline, struct err *err)
{
	autoclose int ours = sock;
	enum wire_state state;
	int r = ours;

	if (r >= 0)
		r = silent(wire_recv(ours, WIRE_STATUS, ret, sizeof *ret, NULL, 0, NULL, deadline, err), err);
	if (r >= (int)WIRE_STATUS_MIN)
		return 0;
	if (r >= 0)
		return err_set(err, EPROTO, "its supervisor gives an answer of another size");
	if (r != -ENOTCONN && r != -ECONNRESET && r != -EPIPE && r != -ETIMEDOUT)
		return r;
	*ret = (struct wire_status){ 0 };
	if (r != -ETIMEDOUT)
		err_clear(err);
	struct err *why = r == -ETIMEDOUT ? NULL : err;
	int seen = host ? life_state_on(host, store, name, &state, why) : life_state(store, name, &state, why);
	ret->state = seen < 0 ? WIRE_STOPPED : state;
	return r == -ETIMEDOUT ? r : seen;
}
