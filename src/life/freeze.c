/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/freeze.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "life/state.h"
#include "wire/wire.h"

#define ANSWER_TIME (3 * CLOCK_SECOND) /* what a supervisor may take by itself */
#define THAW_TIME   (10 * CLOCK_SECOND)

static int call(const struct store *store, const char *name, enum wire_type type, const void *req, size_t len, uint64_t time,
		struct err *err)
{
	autoclose int sock = life_connect(store, name, clock_in(ANSWER_TIME), err);
	int r = sock;

	if (r >= 0)
		r = wire_send(sock, type, 0, req, len, NULL, 0, err);
	if (r >= 0)
		r = wire_recv(sock, type, NULL, 0, NULL, 0, NULL, clock_in(time), err);
	if (r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE)
		return err_set(err, ESRCH, "is not running");
	return r < 0 ? r : 0;
}

int life_freeze(const struct store *store, const char *name, uint64_t timeout, struct err *err)
{
	const struct wire_freeze req = { .timeout = timeout };
	const uint64_t time = timeout > CLOCK_NEVER - ANSWER_TIME ? CLOCK_NEVER : timeout + ANSWER_TIME;

	return call(store, name, WIRE_FREEZE, &req, sizeof req, time, err);
}

int life_thaw(const struct store *store, const char *name, struct err *err)
{
	int r = call(store, name, WIRE_THAW, NULL, 0, THAW_TIME, err);

	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "still frozen after %u s: is a cgroup above its own frozen?",
			       (unsigned)(THAW_TIME / CLOCK_SECOND));
	return r;
}
