/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of the network, in the order of net/net.h. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "boot/internal.h"
#include "boot/undo.h"

#define NET_TIME (10 * CLOCK_SECOND)

int boot_plan_net(struct net_plan *plan, const struct spec *spec, const struct store *store, const char *name,
		  struct err *err)
{
	int r = net_plan(plan, &spec->net, store, name, spec->container.uuid, err);

	if (r >= 0 && plan->join)
		plan->join->idle = (uint32_t)((spec->start.idle_freeze + CLOCK_MS - 1) / CLOCK_MS);
	return r;
}

int up_network_service(struct boot *b, struct err *err)
{
	int r;

	if (!b->net.join)
		return 0;
	r = undo_add(b->rundir, "network-service", b->spec.container.uuid, err);
	return r < 0 ? r : net_begin(&b->net, clock_in(NET_TIME), err);
}

int down_network_service(const struct down *d, const char *object, struct err *err)
{
	return net_leave(d->store, object, clock_in(NET_TIME), err);
}

static int record_nic(void *data, const char *line, struct err *err)
{
	const struct boot *b = data;

	return undo_add(b->rundir, "network", line, err);
}

int up_network(struct boot *b, struct err *err)
{
	const struct net_record record = { record_nic, b, b->rundir };
	autoclose int netns = -1;
	char path[48];

	if (b->net.host)
		return 0;
	str_print(path, sizeof path, "/proc/%d/ns/net", (int)b->pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(err, errno, "open '%s'", path);
	return net_up(&b->net, netns, &record, clock_in(NET_TIME), err);
}

int down_network(const struct down *d, const char *object, struct err *err)
{
	return net_down(d->rundir, d->pidns, object, err);
}

int up_forward(struct boot *b, struct err *err)
{
	return net_finish(&b->net, clock_in(NET_TIME), err);
}
