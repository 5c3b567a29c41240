/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/live.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "life/freeze.h"
#include "life/state.h"
#include "wire/wire.h"

#define FREEZE_TIME (10 * CLOCK_SECOND)
#define ANSWER_TIME (3 * CLOCK_SECOND)
#define THAW_TIME   (30 * CLOCK_SECOND)

static int thaw(void *data)
{
	const struct live *live = data;

	return life_thaw(live->store, live->name, NULL);
}

static int let_go(struct live *live)
{
	int r = keeper_end(&live->keeper, clock_in(THAW_TIME));

	if (live->watch >= 0)
		close(steal_fd(&live->watch));
	return r;
}

/* What its supervisor has said so far, until it says that it is frozen. */
static int hear_frozen(const struct live *live, uint64_t deadline, struct err *err)
{
	struct wire_status st = { 0 };
	int r = 0;

	while (r >= 0 && st.state != WIRE_FROZEN)
		r = wire_recv(live->watch, WIRE_WATCH, &st, sizeof st, NULL, 0, NULL, deadline, err);
	return r < 0 ? r : 0;
}

static int freeze(struct live *live, struct err *err)
{
	const struct keeper_work work = { .what = "see to its thaw", .undo = thaw, .data = live };
	enum wire_state state;
	int r = wire_send(live->watch, WIRE_WATCH, 0, NULL, 0, NULL, 0, err);

	if (r >= 0)
		r = life_state(live->store, live->name, &state, err);
	if (r == 0 && state != WIRE_FROZEN) {
		r = keeper_start(&live->keeper, &work, err);
		if (r == 0)
			r = life_freeze(live->store, live->name, FREEZE_TIME, err);
	}
	return r < 0 ? r : hear_frozen(live, clock_in(FREEZE_TIME), err);
}

int live_begin(struct live *live, const struct store *store, const char *name, struct err *err)
{
	int r;

	*live = (struct live){ .store = store, .name = name };
	r = live->watch = life_connect(store, name, clock_in(ANSWER_TIME), err);
	if (r >= 0)
		r = freeze(live, err);
	if (r < 0) {
		let_go(live);
		return err_wrap(err, "freeze '%s'", name);
	}
	debug_point("live", "frozen");
	return 0;
}

/* Has its supervisor said nothing else since? What it had said by its answer to a request is there. */
static bool stood_still(const struct live *live)
{
	struct wire_status st = { 0 };
	int sock = life_ask(live->store, live->name, clock_in(ANSWER_TIME), NULL), r;

	r = life_answer(NULL, live->store, live->name, sock, &st, clock_in(ANSWER_TIME), NULL);
	if (r < 0)
		return false;
	while (r >= 0 && st.state == WIRE_FROZEN)
		r = wire_recv(live->watch, WIRE_WATCH, &st, sizeof st, NULL, 0, NULL, clock_now(), NULL);
	return r == -ETIMEDOUT && st.state == WIRE_FROZEN;
}

int live_end(struct live *live, struct err *err)
{
	const bool still = stood_still(live);

	if (let_go(live) < 0 && still)
		return err_set(err, ETIMEDOUT, "'%s' is still frozen: mgr-unfreeze lets it run on", live->name);
	if (!still)
		return err_set(err, EBUSY, "'%s' was thawed, or stopped, while its files were read", live->name);
	return 0;
}
