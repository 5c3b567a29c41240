/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of a veth as a port of a bridge. */
#include <errno.h>
#include <linux/if_bridge.h>
#include <net/if.h>

#include "base/cleanup.h"
#include "net/nic.h"

int port_hairpin(int host, int index, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = index };
	struct rtnl_msg m;
	uint8_t on = 1;
	size_t port;

	rtnl_start(&m, RTM_SETLINK, 0, &info, sizeof info);
	port = rtnl_nest(&m, IFLA_PROTINFO | NLA_F_NESTED);
	rtnl_put(&m, IFLA_BRPORT_MODE, &on, sizeof on);
	rtnl_nest_end(&m, port);
	return rtnl_talk(host, &m, err);
}

static int join(int host, int index, int bridge, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnl_msg m;
	int r;

	rtnl_start(&m, RTM_SETLINK, 0, &info, sizeof info);
	rtnl_put_u32(&m, IFLA_MASTER, (uint32_t)bridge);
	r = rtnl_talk(host, &m, err);
	return r < 0 ? r : port_hairpin(host, index, err);
}

int net_join_bridge(const char *veth, const char *bridge, struct err *err)
{
	int index = (int)if_nametoindex(veth), to = (int)if_nametoindex(bridge), r;
	autoclose int host = -1;

	if (!index)
		return 0;
	host = rtnl_open(-1, err);
	r = host < 0 ? host : join(host, index, to, err);
	return r == -ENODEV && !if_nametoindex(veth) ? 0
	       : r < 0                               ? err_wrap(err, "let '%s' join bridge '%s'", veth, bridge)
						     : 0;
}
