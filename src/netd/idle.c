/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When mgr-netd ends: a while after the last who needs it. */
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "netd/netd.h"

static bool is_wanted(const struct network *network)
{
	const struct member *m = network->netd->members;

	while (m && m->network != network)
		m = m->next;
	return m || network->stays || wake_needs(network->netd, network);
}

static bool is_needed(const struct netd *netd)
{
	const struct network *network = netd->networks;

	while (network && !is_wanted(network))
		network = network->next;
	return network || wake_needs(netd, NULL);
}

/* A network by itself while others are needed; the last ones go with mgr-netd. */
void netd_consider_ending(struct netd *netd)
{
	if (!is_needed(netd))
		loop_timer_start(netd->loop, &netd->idle, clock_in(NETD_LINGER));
	for (struct network *network = netd->networks; network; network = network->next)
		if (network->up && network->idle.deadline == CLOCK_NEVER && !is_wanted(network))
			loop_timer_start(netd->loop, &network->idle, clock_in(NETD_LINGER));
}

void network_idle(void *data)
{
	struct network *network = data;

	if (is_wanted(network) || !is_needed(network->netd))
		return;
	log_info("nobody is left on network '%s': it goes", network->name);
	network_down(network);
}

/* Under the lock that whoever starts one takes: the next one begins when this one is gone. The socket goes last: while it is
 * there, it says that something may be left to clear up. */
void netd_idle(void *data)
{
	struct netd *netd = data;
	int lock;

	if (is_needed(netd))
		return;
	lock = store_lock_file(netd->dir, "starting", 0);
	if (lock < 0) {
		netd_consider_ending(netd);
		return;
	}
	log_info("nobody is left: ending");
	wake_stop(netd);
	networks_end(netd);
	unlinkat(netd->dir, "control", 0);
	unlinkat(netd->dir, "lock", 0);
	unlinkat(netd->dir, "starting", 0);
	loop_quit(netd->loop); /* the locks go with the process */
}
