/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/proc.h"
#include "life/freeze.h"
#include "life/state.h"

#define FREEZE_TIME (10 * CLOCK_SECOND)
#define THAW_TIME   (30 * CLOCK_SECOND)

/* In a session of its own: a signal to the command's group is none of its. */
static _Noreturn void keep(const struct live *live, int hold)
{
	char byte;

	setsid();
	while (read(hold, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(life_thaw(live->store, live->name, NULL) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

static int start_keeper(struct live *live, struct err *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	live->keeper = fork();
	if (live->keeper == 0) {
		close(pair[1]);
		keep(live, pair[0]);
	}
	close(pair[0]);
	live->hold = pair[1];
	if (live->keeper > 0)
		return 0;
	close(steal_fd(&live->hold));
	return err_sys(err, errno, "fork");
}

static int let_go(struct live *live)
{
	int status = 0, r = 0;

	if (live->keeper > 0) {
		close(steal_fd(&live->hold));
		r = proc_wait(live->keeper, clock_in(THAW_TIME), &status, NULL);
		live->keeper = 0;
	}
	return r < 0 || status ? -ETIMEDOUT : 0;
}

int live_begin(struct live *live, const struct store *store, const char *name, struct err *err)
{
	enum wire_state state;
	int r = life_state(store, name, &state, err);

	*live = (struct live){ .store = store, .name = name, .hold = -1 };
	if (r < 0 || state == WIRE_FROZEN)
		return r;
	r = start_keeper(live, err);
	if (r == 0)
		r = life_freeze(store, name, FREEZE_TIME, err);
	if (r < 0) {
		let_go(live);
		return err_wrap(err, "freeze '%s'", name);
	}
	debug_point("live", "frozen");
	return 0;
}

int live_end(struct live *live, struct err *err)
{
	enum wire_state state;
	int r = life_state(live->store, live->name, &state, err);

	if (let_go(live) < 0 && r == 0 && state == WIRE_FROZEN)
		return err_set(err, ETIMEDOUT, "'%s' is still frozen: mgr-unfreeze lets it run on", live->name);
	if (r == 0 && state != WIRE_FROZEN)
		return err_set(err, EBUSY, "'%s' was thawed, or stopped, while its files were read", live->name);
	return r;
}
