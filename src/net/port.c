/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of a veth, which may be a port of a bridge. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <net/if.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "net/nic.h"

/* Frames to 01:80:c2:00:00:0X, a bit each, that the bridge is to treat as any others. It would hand them to the host as the
 * port's own, around its table. What is to 01, it drops, and refuses to be told of (br_setport(), net/bridge/br_netlink.c).
 */
#define RESERVED_GROUPS 0xfffdU

static int set_sysctl(const char *ip, const char *name, const char *key, const char *value, struct err *err)
{
	autofree char *path = str_fmt("/proc/sys/net/%s/conf/%s/%s", ip, name, key);
	int r = path ? file_write_at(AT_FDCWD, path, value, err) : err_nomem(err);

	if (r == -ENOENT) { /* no IPv6 */
		err_clear(err);
		return 0;
	}
	return r < 0 ? err_wrap(err, "set '%s' of '%s' to %s", key, name, value) : 0;
}

int port_no_router(const char *name, bool bridged, struct err *err)
{
	return bridged ? set_sysctl("ipv6", name, "disable_ipv6", "1", err)
		       : set_sysctl("ipv6", name, "accept_ra", "0", err);
}

/* Strictly: from an address that the host would not route there nothing is taken (ip-sysctl.rst). IPv6 has no such thing. */
int port_no_liar(const char *name, struct err *err)
{
	return set_sysctl("ipv4", name, "rp_filter", "1", err);
}

static void put_port(struct rtnl_msg *m)
{
	const uint8_t hairpin = 1;
	const uint16_t groups = RESERVED_GROUPS;
	size_t info = rtnl_nest(m, IFLA_LINKINFO), data;

	rtnl_put_str(m, IFLA_INFO_SLAVE_KIND, "bridge");
	data = rtnl_nest(m, IFLA_INFO_SLAVE_DATA);
	rtnl_put(m, IFLA_BRPORT_MODE, &hairpin, sizeof hairpin);
	rtnl_put(m, IFLA_BRPORT_GROUP_FWD_MASK, &groups, sizeof groups);
	rtnl_nest_end(m, data);
	rtnl_nest_end(m, info);
}

int port_up(int host, int index, bool managed, struct err *err)
{
	struct ifinfomsg info = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	if (managed)
		put_port(&m);
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
	return r < 0 ? r : port_up(host, index, true, err);
}

int net_join_bridge(const char *veth, const char *bridge, struct err *err)
{
	int index = (int)if_nametoindex(veth), to = (int)if_nametoindex(bridge), r;
	autoclose int host = -1;

	if (!index)
		return 0;
	host = rtnl_open(-1, err);
	r = host < 0 ? host : port_no_router(veth, true, err);
	if (r >= 0)
		r = join(host, index, to, err);
	return r == -ENODEV && !if_nametoindex(veth) ? 0
	       : r < 0                               ? err_wrap(err, "let '%s' join bridge '%s'", veth, bridge)
						     : 0;
}
