/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/outside.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "conf/conf.h"
#include "net/names.h"

struct host {
	struct nl_cache *links;
	int ways[2]; /* default routes of IPv4 and IPv6: by which interface; 0: there is none */
};

static void host_done(struct host *host)
{
	nl_cache_free(host->links);
}

/* addr: one for documentation, which there is no route of its own to. */
static int default_way(struct nl_sock *sock, int family, const char *addr)
{
	struct rtnl_route *route = NULL;
	struct nl_addr *to = NULL;
	int way = 0;

	if (nl_addr_parse(addr, family, &to) >= 0 && rtnl_route_lookup(sock, to, &route) >= 0 &&
	    rtnl_route_get_type(route) == RTN_UNICAST && rtnl_route_get_nnexthops(route) > 0)
		way = rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(route, 0));
	rtnl_route_put(route);
	nl_addr_put(to);
	return way;
}

static int read_host(struct host *host, struct err *err)
{
	struct nl_sock *sock = nl_socket_alloc();
	int r = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

	if (r >= 0)
		r = rtnl_link_alloc_cache(sock, AF_UNSPEC, &host->links);
	if (r >= 0) {
		host->ways[0] = default_way(sock, AF_INET, "198.51.100.1");
		host->ways[1] = default_way(sock, AF_INET6, "2001:db8:c633:6401::1");
	}
	nl_socket_free(sock);
	return r < 0 ? err_set(err, EIO, "read the host's interfaces: %s", nl_geterror(r)) : 0;
}

static bool is_kind(struct rtnl_link *link, const char *kind)
{
	const char *is = rtnl_link_get_type(link); /* NULL: hardware */

	return is && str_eq(is, kind);
}

/* Containers and virtual machines are on a bridge by veths and taps; a dummy leads nowhere. */
static bool has_other_port(const struct host *host, int index)
{
	for (struct nl_object *o = nl_cache_get_first(host->links); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *port = (struct rtnl_link *)o;
		if (rtnl_link_get_master(port) == index && !is_kind(port, "veth") && !is_kind(port, "tun") &&
		    !is_kind(port, "dummy"))
			return true;
	}
	return false;
}

static bool is_port(const struct host *host, struct rtnl_link *link)
{
	const int index = rtnl_link_get_master(link);
	struct rtnl_link *master = index ? rtnl_link_get(host->links, index) : NULL;
	bool is = master && is_kind(master, "bridge");

	rtnl_link_put(master);
	return is;
}

static bool is_managed(struct rtnl_link *link)
{
	return is_kind(link, "bridge") && rtnl_link_get_group(link) == NET_BRIDGES_GROUP;
}

static bool leads_outside(const struct host *host, struct rtnl_link *link)
{
	const int index = rtnl_link_get_ifindex(link);

	if (rtnl_link_get_flags(link) & IFF_LOOPBACK || is_port(host, link))
		return false;
	return !is_kind(link, "bridge") || is_managed(link) || index == host->ways[0] || index == host->ways[1] ||
	       has_other_port(host, index);
}

/* Programs are told of it by its name, in texts of theirs: letters, digits and few others (a '+' at the end, say, is for
 * iptables any name that begins so). */
static bool is_plain(const char *name)
{
	return name && conf_id_is_name(name, strlen(name));
}

static int add(struct outside *to, struct rtnl_link *link)
{
	struct outside_way *v = reallocarray(to->v, to->n + 1, sizeof *v);

	if (!v)
		return -ENOMEM;
	to->v = v;
	v[to->n].managed = is_managed(link);
	return str_print(v[to->n++].name, sizeof v->name, "%s", rtnl_link_get_name(link));
}

int outside_find(const char *bridge, struct outside *ret, struct err *err)
{
	autocall(host_done) struct host host = { 0 };
	int r = read_host(&host, err);

	if (r < 0)
		return r;
	for (struct nl_object *o = nl_cache_get_first(host.links); o && r >= 0; o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (struct rtnl_link *)o;
		const char *name = rtnl_link_get_name(link);
		if (is_plain(name) && !str_eq(name, bridge) && leads_outside(&host, link))
			r = add(ret, link);
	}
	return r < 0 ? err_nomem(err) : 0;
}

void outside_done(struct outside *outside)
{
	free(outside->v);
	*outside = (struct outside){ 0 };
}
