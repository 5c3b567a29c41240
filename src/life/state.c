/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/state.h"

#include <errno.h>

#include "base/cleanup.h"

/* What the holder's phase means; WIRE_STATES where the cgroup decides. */
static enum wire_state state_of(enum store_phase phase)
{
	switch (phase) {
	case STORE_STARTING:
		return WIRE_STARTING;
	case STORE_RUNNING:
		return WIRE_RUNNING;
	case STORE_STOPPING:
		return WIRE_STOPPING;
	case STORE_ABORTING:
		return WIRE_ABORTING;
	default:
		return WIRE_STATES;
	}
}

static int state_without(const struct cgroup *host, const struct store *store, const char *name, enum wire_state *ret,
			 struct err *err)
{
	struct cgroup cg = *host;
	int r = cgroup_name(&cg, store->cgroup, name, err);

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
	*ret = state_of(store_lock_peek(store, name));
	return *ret == WIRE_STATES ? state_without(host, store, name, ret, err) : 0;
}

int life_state(const struct store *store, const char *name, enum wire_state *ret, struct err *err)
{
	struct cgroup host;
	int r;

	*ret = state_of(store_lock_peek(store, name));
	if (*ret != WIRE_STATES)
		return 0;
	r = cgroup_host(&host, err);
	return r < 0 ? r : state_without(&host, store, name, ret, err);
}

int life_connect(const struct store *store, const char *name, struct err *err)
{
	autoclose int dir = store_runtime(store, name, false, NULL);
	int sock = dir < 0 ? dir : wire_connect(dir, "control", err);

	if (sock == -ENOENT || sock == -ECONNREFUSED)
		return err_set(err, ENOTCONN, "is not running");
	return sock;
}

int life_status(const struct store *store, const char *name, struct wire_status *ret, uint64_t deadline, struct err *err)
{
	autoclose int sock = -1;
	enum wire_state state;
	int r;

	sock = life_connect(store, name, err);
	r = sock < 0 ? sock : wire_call(sock, WIRE_STATUS, NULL, 0, ret, sizeof *ret, deadline, err);
	if (r == (int)sizeof *ret)
		return 0;
	if (r >= 0)
		return err_set(err, EPROTO, "its supervisor gives an answer of another size");
	if (r != -ENOTCONN && r != -ECONNRESET && r != -EPIPE)
		return r;
	err_clear(err);
	r = life_state(store, name, &state, err);
	*ret = (struct wire_status){ .state = r < 0 ? WIRE_STOPPED : state };
	return r;
}
