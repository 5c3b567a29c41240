/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The networks that there are. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "net/net.h"
#include "netd/netd.h"

struct network *network_find(const struct netd *netd, const char *name)
{
	struct network *network = netd->networks;

	while (network && !str_eq(network->name, name))
		network = network->next;
	return network;
}

/* The default one's is mgr-netd's own. */
static int open_folder(struct network *network, struct err *err)
{
	int r;

	network->folder = net_folder(&network->netd->store, network->name);
	if (!network->folder)
		return err_nomem(err);
	r = file_mkdirs_at(AT_FDCWD, network->folder, 0700, err);
	if (r < 0)
		return r;
	network->dir = open(network->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return network->dir < 0 ? err_sys(err, errno, "open '%s'", network->folder) : 0;
}

static int init(struct network *network, const char *name, struct err *err)
{
	int r = str_print(network->name, sizeof network->name, "%s", name);

	if (r < 0)
		return err_set(err, ENAMETOOLONG, "'%s' is too long for a network's name", name);
	r = open_folder(network, err);
	if (r < 0)
		return r;
	network->dns = (struct dns){ .bridge = &network->bridge,
				     .loop = network->netd->loop,
				     .net = network->dir,
				     .dir = -1,
				     .hosts = -1,
				     .dhcp = -1,
				     .pidfd = -1 };
	network->grace = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = member_grace_over, .data = network };
	return 0;
}

struct network *network_get(struct netd *netd, const char *name, struct err *err)
{
	struct network *network = network_find(netd, name);

	if (network)
		return network;
	network = calloc(1, sizeof *network);
	if (!network) {
		err_nomem(err);
		return NULL;
	}
	network->netd = netd;
	network->dir = -1;
	if (init(network, name, err) < 0) {
		if (network->dir >= 0)
			close(network->dir);
		free(network->folder);
		free(network);
		return NULL;
	}
	network->next = netd->networks;
	netd->networks = network;
	return network;
}
