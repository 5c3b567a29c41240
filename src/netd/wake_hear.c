/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may wake whom. A packet waits before it has come to the rules of isolation and egress (host_rules.c), which are its
 * network's: what they are going to refuse is not worth a start. It goes on at once, and they tell its sender. */
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "net/names.h"
#include "net/rtnl.h"
#include "netd/wake_internal.h"

static bool is_isolated(const struct wire_net_join *join)
{
	const struct wire_net_nic *nics = wire_join_nics(join);

	for (uint32_t i = 0; i < join->n_nics; i++)
		if (str_eq(nics[i].veth, join->veth))
			return nics[i].flags & WIRE_NIC_ISOLATED;
	return false;
}

/* Has it come from a container, of whatever network and manager? */
static bool is_from_container(int by)
{
	autoclose int sock = by ? rtnl_open(-1, NULL) : -1;
	struct rtnl_link link;

	return sock >= 0 && rtnl_find_index(sock, by, &link, NULL) >= 0 &&
	       (link.group == NET_BRIDGES_GROUP || link.group == NET_ROUTED_GROUP);
}

bool waker_may_hear(const struct waker *w, const struct queue_packet *p)
{
	const struct netd *netd = w->netd;

	for (const struct member *m = netd->members; m; m = m->next)
		if (guards_refuse(&m->guards, &p->from, &p->to))
			return false;
	for (const struct network *network = netd->networks; network; network = network->next)
		if (guards_refuse(&network->orphans.guards, &p->from, &p->to)) /* whose supervisor is not back yet */
			return false;
	return !is_isolated(w->self.join) || !is_from_container(p->by);
}
