/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/change.h"

#include <errno.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "life/state.h"

int life_change(const struct store *store, const char *name, enum wire_type type, const void *payload, size_t len,
		void *reply, size_t size, uint64_t deadline, struct err *err)
{
	autoclose int turn = store_runtime(store, name, false, NULL), sock = -1;

	if (turn >= 0 && flock(turn, LOCK_EX) < 0)
		return err_sys(err, errno, "wait for another change of what runs");
	sock = life_connect(store, name, deadline, err);
	if (sock == -ENOTCONN)
		return err_set(err, ENOTCONN, "is not running: --save puts it into its configuration");
	return sock < 0 ? sock : wire_call(sock, type, payload, len, reply, size, deadline, err);
}
