/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that wait for a connection while they are stopped: mgr-netd holds their ports. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "net/net.h"

static int open_folder(const struct store *store)
{
	autofree char *path = str_fmt("%s/.net/" NET_WAKE_FOLDER, store->manager_run);

	return path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
}

/* Of a mgr-netd that is not there the file says it. */
int net_forget(const struct store *store, const char *uuid, uint64_t deadline, struct err *err)
{
	autoclose int folder = open_folder(store), conn = -1;
	struct wire_net_leave forget = { 0 };
	int r;

	if (folder < 0 || str_print(forget.uuid, sizeof forget.uuid, "%s", uuid) < 0 || unlinkat(folder, uuid, 0) < 0)
		return 0;
	conn = net_connect(store, false, deadline, err);
	r = conn < 0 ? conn : wire_call(conn, WIRE_NET_FORGET, &forget, sizeof forget, NULL, 0, deadline, err);
	if (r != -ECONNREFUSED && r != -ECONNRESET && r != -EPIPE)
		return r < 0 ? err_wrap(err, "reach the managed network") : 0;
	err_clear(err);
	return 0;
}

int net_await(const struct net_plan *plan, const char *uuid, uint64_t deadline, struct err *err)
{
	int r;

	if (!plan->join || !wire_join_wakes(plan->join))
		return net_forget(plan->store, uuid, deadline, err);
	do {
		autoclose int conn = net_connect(plan->store, true, deadline, err);
		if (conn < 0)
			return err_wrap(err, "reach the managed network");
		r = net_send_join(conn, WIRE_NET_WAIT, plan->join, err);
		if (r >= 0)
			r = wire_recv(conn, WIRE_NET_WAIT, NULL, 0, NULL, 0, NULL, deadline, err);
	} while ((r == -ECONNRESET || r == -EPIPE) && clock_now() < deadline);
	return r < 0 ? r : 0;
}
