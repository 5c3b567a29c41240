/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the bridge of a managed network is called: mgr-netd says so while it is there. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/nic.h"

static int read_bridge(const struct store *store, const char *network, char ret[static 16])
{
	autofree char *folder = net_folder(store, network), *path = folder ? str_fmt("%s/" NET_BRIDGE_LINK, folder) : NULL;
	ssize_t n = path ? readlink(path, ret, 15) : -1;

	ret[n < 0 ? 0 : n] = '\0';
	return n < 0 ? -ENOENT : 0;
}

static bool is_there(const struct net_plan *plan, struct net_nic *nic, int host, struct rtnl_link *ret)
{
	return read_bridge(plan->store, nic->network, nic->link) == 0 && rtnl_find(host, nic->link, ret, NULL) == 0;
}

int nic_await_bridge(struct net_plan *plan, const struct net_nic *nic, int host, struct rtnl_link *ret, uint64_t deadline,
		     struct err *err)
{
	struct net_nic *own = &plan->nics[nic - plan->nics];
	int r = 0;

	*ret = (struct rtnl_link){ 0 };
	if (!nic->managed || is_there(plan, own, host, ret))
		return 0;
	*ret = (struct rtnl_link){ 0 };
	if (!plan->joined)
		r = net_finish(plan, deadline, err);
	if (r >= 0 && read_bridge(plan->store, nic->network, own->link) < 0) /* a mgr-netd that is older */
		net_bridge_name(plan->store, nic->network, own->link);
	return r;
}
