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

int up_network(struct boot *b, struct err *err)
{
	autoclose int netns = -1;
	char path[48];

	if (b->net.host)
		return 0;
	for (size_t i = 0; i < b->net.n; i++)
		if (undo_add(b->rundir, "network", b->net.nics[i].veth, err) < 0)
			return -err->code;
	str_print(path, sizeof path, "/proc/%d/ns/net", (int)b->pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(err, errno, "open '%s'", path);
	return net_up(&b->net, netns, clock_in(NET_TIME), err);
}

int down_network(const struct down *d, const char *object, struct err *err)
{
	(void)d;
	return net_down(object, err);
}

int up_forward(struct boot *b, struct err *err)
{
	return net_finish(&b->net, clock_in(NET_TIME), err);
}
