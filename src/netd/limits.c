/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a network cannot have more of, told before it is used up. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "netd/netd.h"

#define PORTS 1023 /* BR_MAX_PORTS of the kernel's net/bridge/br_private.h, less one */

/* Entries that a container can need: the host's of it and its own of the gateway; of IPv6 by both of its addresses. */
enum { NEIGHBOURS4 = 2, NEIGHBOURS6 = 4 };

static bool is_much(uint64_t used, uint64_t all)
{
	return used * 10 >= all * 9;
}

static int look_at_addresses(const struct network *network, struct err *err)
{
	char net[INET_ADDRSTRLEN];
	unsigned all, taken;

	if (leases_room(&network->netd->store, network->name, &all, &taken, NULL) < 0 || !is_much(taken, all))
		return 0;
	inet_ntop(AF_INET, &network->bridge.net, net, sizeof net);
	if (taken >= all)
		return err_set(err, ENOSPC, "every address of %s/%u is taken", net, network->bridge.prefix);
	return err_set(err, ENOSPC, "of the %u addresses of %s/%u %u are taken", all, net, network->bridge.prefix, taken);
}

static unsigned count_ports(const char *bridge)
{
	autofree char *path = str_fmt("/sys/class/net/%s/brif", bridge);
	autoclosedir DIR *dir = path ? opendir(path) : NULL;
	const struct dirent *e;
	unsigned n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	return n;
}

static int look_at_ports(const struct network *network, struct err *err)
{
	unsigned n = count_ports(network->bridge.name);

	if (!is_much(n, PORTS))
		return 0;
	return err_set(err, ENOSPC, "bridge '%s' has %u ports of the %d that the kernel gives it", network->bridge.name, n,
		       PORTS);
}

/* One table for the machine, whatever network namespace an entry is of; only the first namespace shows its bounds. */
static int look_at_neighbours(const struct netd *netd, const char *family, unsigned each, struct err *err)
{
	char path[64], text[32];
	uint64_t most, used = 0;

	str_print(path, sizeof path, "/proc/sys/net/%s/neigh/default/gc_thresh3", family);
	if (file_read_small_at(AT_FDCWD, path, text, sizeof text, NULL) < 0 || str_uint(text, 1, UINT32_MAX, &most) < 0)
		return 0;
	for (const struct member *m = netd->members; m; m = m->next)
		used += each;
	if (!is_much(used, most))
		return 0;
	return err_set(err, ENOSPC,
		       "the containers can need %llu entries of the neighbour table, which holds %llu:"
		       " 'sysctl net.%s.neigh.default.gc_thresh3=%llu' makes room",
		       (unsigned long long)used, (unsigned long long)most, family, (unsigned long long)used * 4);
}

int limits_look(const struct network *network, struct err *err)
{
	int r = look_at_ports(network, err);

	if (r == 0)
		r = look_at_addresses(network, err);
	if (r == 0)
		r = look_at_neighbours(network->netd, "ipv4", NEIGHBOURS4, err);
	return r == 0 && network->bridge.has6 ? look_at_neighbours(network->netd, "ipv6", NEIGHBOURS6, err) : r;
}
