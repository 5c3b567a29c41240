/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything of a network as it should be, once more. */
#include <errno.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "net/net.h"
#include "netd/netd.h"

int member_plug(const struct member *m, const struct network *network, struct err *err)
{
	const struct wire_net_nic *nics = wire_join_nics(m->join);
	int r = 0;

	for (uint32_t i = 0; i < m->join->n_nics && r >= 0; i++)
		if (str_eq(nics[i].network, network->name))
			r = net_join_bridge(nics[i].veth, network->bridge.name, err);
	return r;
}

int network_plug(const struct network *network, struct err *err)
{
	int r = 0;

	for (const struct member *m = network->netd->members; m && r >= 0; m = m->next)
		r = member_plug(m, network, err);
	return r;
}

static int mend_dns(struct network *network, struct err *err)
{
	return dns_start(&network->dns, err);
}

static int mend_sockets(struct network *network, struct err *err)
{
	return sockets_mend(network, err);
}

/* What it says by now is not done: who repairs is told. */
static int look_at_file(struct network *network, struct err *err)
{
	return network_compare(network, err);
}

/* Each part, whatever became of the others; the first failure is told. */
int network_repair(struct network *network, struct err *err)
{
	int (*const parts[])(struct network *, struct err *) = { network_mend_bridge, network_restore,
								 network_settings,    mend_dns,
								 mend_sockets,        look_at_file };
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct err failed = { 0 };
		int r = parts[i](network, &failed);
		if (r < 0 && first == 0) {
			first = r;
			*err = failed;
		}
	}
	others_look(network->others);
	return first;
}

bool netd_is_replaced(void)
{
	struct stat ours, installed;

	return stat("/proc/self/exe", &ours) == 0 && stat(MGR_LIBEXECDIR "/mgr-netd", &installed) == 0 &&
	       (ours.st_dev != installed.st_dev || ours.st_ino != installed.st_ino);
}
