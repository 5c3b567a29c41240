/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is not as it should be, asked of the kernel and of others when somebody wants to know: the first cause that is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "netd/netd.h"

#define MENDS ": 'mgr-net repair' mends it"

static int look_at_dns(const struct network *network, struct err *err)
{
	const struct err *why = &network->dns.err;

	return why->code ? err_set(err, why->code, "%s", why->msg) : 0;
}

static int look_at_bridge(const struct network *network, struct err *err)
{
	if (!if_nametoindex(network->bridge.name))
		return err_set(err, ENODEV, "bridge '%s' is not there" MENDS, network->bridge.name);
	return bridge_check(&network->bridge, err);
}

/* Keys that everything depends on. */
static int look_at_setting(const char *key, struct err *err)
{
	char path[64], value[32];

	str_print(path, sizeof path, "/proc/sys/%s", key);
	if (file_read_small_at(AT_FDCWD, path, value, sizeof value, NULL) < 0 || !str_eq(value, "0"))
		return 0;
	return err_set(err, ENETDOWN, "the host does not forward packets, '%s' is 0" MENDS, key);
}

static int look_at_settings(const struct network *network, struct err *err)
{
	int r = look_at_setting("net/ipv4/ip_forward", err);

	return r == 0 && network->bridge.has6 ? look_at_setting("net/ipv6/conf/all/forwarding", err) : r;
}

static int look_at_limits(const struct network *network, struct err *err)
{
	return limits_look(network, err);
}

static int look_at_sockets(const struct network *network, struct err *err)
{
	return sockets_look(network, err) < 0 ? err_set(err, err->code, "%.200s" MENDS, err->msg) : 0;
}

static int look_at_others(const struct network *network, struct err *err)
{
	return others_trouble(network->others, err);
}

int network_trouble(const struct network *network, struct err *err)
{
	int (*const parts[])(const struct network *, struct err *) = { look_at_bridge, look_at_dns,     look_at_settings,
								       look_at_limits, look_at_sockets, network_compare,
								       look_at_others };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && r >= 0; i++)
		r = parts[i](network, err);
	return r;
}
