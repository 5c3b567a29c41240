/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a run whose supervisor is no help: stuck, or out of reach. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/sys.h"
#include "life/stop.h"
#include "life/wait.h"

#define DEATH_TIME (5 * CLOCK_SECOND)
#define HOLDERS    8 /* the supervisor, or mgr-boot and what it runs */

/* A command that changes a container at rest (STORE_WORKING) is not what we are after. */
static bool is_run(enum store_phase phase)
{
	return store_phase_runs(phase) || phase == STORE_STARTING || phase == STORE_STOPPING || phase == STORE_ABORTING;
}

static int kill_one(int pidfd, struct err *err)
{
	int r = sys_pidfd_send_signal(pidfd, SIGKILL) < 0 && errno != ESRCH ? -errno : 0;

	if (r == 0)
		r = fd_wait(pidfd, POLLIN, clock_in(DEATH_TIME));
	return r < 0 ? err_sys(err, -r, "kill its supervisor") : 0;
}

/* The phase is read after the holders were found: one that is a run's then holds the lock now, or has ended. */
static int kill_holders(const struct store *store, const char *name, struct err *err)
{
	int pidfds[HOLDERS], n = store_lock_holders(store, name, pidfds, HOLDERS, err), r;
	const int phase = n < 0 ? n : store_lock_peek(store, name, err);
	const bool run = phase >= 0 && is_run((enum store_phase)phase);

	r = phase < 0 ? phase : 0;
	for (int i = 0; i < n; i++) {
		if (r == 0 && run)
			r = kill_one(pidfds[i], err);
		close(pidfds[i]);
	}
	return r;
}

int life_force(const struct store *store, const char *name, struct err *err)
{
	int r = kill_holders(store, name, err);

	if (r == 0)
		r = life_wait(store, name, 1U << WIRE_STOPPED | 1U << WIRE_ABORTING, false, clock_in(DEATH_TIME), NULL, err);
	return r < 0 ? r : life_recover(store, name, err);
}
