/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/bridge.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "net/names.h"
#include "netd/sysctl.h"

static int open_socket(struct nl_sock **ret, struct err *err)
{
	int r;

	*ret = nl_socket_alloc();
	if (!*ret)
		return err_nomem(err);
	r = nl_connect(*ret, NETLINK_ROUTE);
	return r < 0 ? err_set(err, EIO, "open a netlink socket: %s", nl_geterror(r)) : 0;
}

static void close_socket(struct nl_sock **sock)
{
	nl_socket_free(*sock);
}

/* --- routes of the host ---------------------------------------------------------------------------------------------- */

struct overlap {
	const struct bridge *bridge;
	unsigned own; /* index of the bridge, 0: none yet */
	char found[96];
};

static bool is_own(struct rtnl_route *route, unsigned own)
{
	struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);

	return own && hop && (unsigned)rtnl_route_nh_get_ifindex(hop) == own;
}

static void describe(struct rtnl_route *route, char *text, size_t size)
{
	struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
	char dst[64], dev[IF_NAMESIZE] = "";

	nl_addr2str(rtnl_route_get_dst(route), dst, sizeof dst);
	if (hop)
		if_indextoname((unsigned)rtnl_route_nh_get_ifindex(hop), dev);
	snprintf(text, size, "%s%s%s", dst, *dev ? " dev " : "", dev);
}

/* Have two addresses the same first bits? */
static bool same_start(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned rest = bits % 8;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return !rest || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

static void check_route(struct nl_object *object, void *data)
{
	struct rtnl_route *route = (struct rtnl_route *)object;
	struct nl_addr *dst = rtnl_route_get_dst(route);
	struct overlap *o = data;
	const bool six = dst && nl_addr_get_family(dst) == AF_INET6;
	const void *net = six ? (const void *)&o->bridge->net6 : (const void *)&o->bridge->net;
	unsigned own = six ? 64 : o->bridge->prefix, prefix = dst ? nl_addr_get_prefixlen(dst) : 0;

	if (o->found[0] || prefix == 0 || is_own(route, o->own))
		return;
	if (rtnl_route_get_type(route) != RTN_UNICAST && rtnl_route_get_type(route) != RTN_LOCAL)
		return;
	if (same_start(nl_addr_get_binary_addr(dst), net, prefix < own ? prefix : own))
		describe(route, o->found, sizeof o->found);
}

static int find_overlap(struct nl_sock *sock, int family, struct overlap *overlap, struct err *err)
{
	struct nl_cache *routes = NULL;
	int r = rtnl_route_alloc_cache(sock, family, 0, &routes);

	if (r < 0)
		return err_set(err, EIO, "read the host's routes: %s", nl_geterror(r));
	nl_cache_foreach(routes, check_route, overlap);
	nl_cache_free(routes);
	return 0;
}

static int check_routes(struct nl_sock *sock, const struct bridge *bridge, struct err *err)
{
	struct overlap overlap = { .bridge = bridge, .own = if_nametoindex(bridge->name) };
	char net[INET6_ADDRSTRLEN];
	int r = find_overlap(sock, AF_INET, &overlap, err);

	if (r >= 0 && overlap.found[0])
		return err_set(err, EADDRINUSE, "subnet %s/%u overlaps the host's route %s",
			       inet_ntop(AF_INET, &bridge->net, net, sizeof net), bridge->prefix, overlap.found);
	if (r >= 0 && bridge->has6)
		r = find_overlap(sock, AF_INET6, &overlap, err);
	if (r < 0 || !overlap.found[0])
		return r;
	return err_set(err, EADDRINUSE, "prefix %s/64 overlaps the host's route %s",
		       inet_ntop(AF_INET6, &bridge->net6, net, sizeof net), overlap.found);
}

/* --- the bridge ------------------------------------------------------------------------------------------------------- */

/* A MAC of its own, from its address: otherwise it has its first port's, and changes it with that. */
static void own_mac(const struct bridge *bridge, uint8_t mac[static 6])
{
	mac[0] = 0x02;
	mac[1] = 0x6d;
	memcpy(mac + 2, &bridge->gateway, 4);
}

static bool has_own_mac(struct rtnl_link *link, const struct bridge *bridge)
{
	struct nl_addr *addr = rtnl_link_get_addr(link);
	uint8_t mac[6];

	own_mac(bridge, mac);
	return addr && nl_addr_get_len(addr) == sizeof mac && memcmp(nl_addr_get_binary_addr(addr), mac, sizeof mac) == 0;
}

int bridge_is_ours(const struct bridge *bridge, struct err *err)
{
	autocall(close_socket) struct nl_sock *sock = NULL;
	struct rtnl_link *link = NULL;
	int r = open_socket(&sock, err);

	if (r < 0)
		return r;
	if (rtnl_link_get_kernel(sock, 0, bridge->name, &link) < 0)
		return 0;
	if (!rtnl_link_is_bridge(link))
		r = err_set(err, EEXIST, "interface '%s' is in the way: not a bridge", bridge->name);
	else if (!has_own_mac(link, bridge))
		r = err_set(err, EEXIST, "bridge '%s' is not mgr's: another name is 'bridge' in mgr.conf", bridge->name);
	else
		r = 1;
	rtnl_link_put(link);
	return r;
}

static int make_link(struct nl_sock *sock, const struct bridge *bridge, struct err *err)
{
	uint8_t mac[6];
	struct rtnl_link *link = rtnl_link_bridge_alloc();
	struct nl_addr *addr;
	int r;

	own_mac(bridge, mac);
	addr = nl_addr_build(AF_LLC, mac, sizeof mac);
	if (!link || !addr) {
		r = -NLE_NOMEM;
	} else {
		rtnl_link_set_name(link, bridge->name);
		rtnl_link_set_addr(link, addr);
		rtnl_link_set_flags(link, IFF_UP);
		r = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	}
	nl_addr_put(addr);
	rtnl_link_put(link);
	if (r == -NLE_EXIST)
		return 0;
	return r < 0 ? err_set(err, EIO, "make bridge '%s': %s", bridge->name, nl_geterror(r)) : 0;
}

static int set_up(struct nl_sock *sock, const struct bridge *bridge, struct err *err)
{
	struct rtnl_link *old = NULL, *change = rtnl_link_alloc();
	int r = rtnl_link_get_kernel(sock, 0, bridge->name, &old);

	if (r >= 0 && change) {
		rtnl_link_set_flags(change, IFF_UP);
		rtnl_link_set_group(change, NET_BRIDGES_GROUP);
		r = rtnl_link_change(sock, old, change, 0);
		r = r < 0 ? err_set(err, EIO, "bring up bridge '%s': %s", bridge->name, nl_geterror(r)) : 0;
	} else {
		r = err_set(err, EIO, "find bridge '%s': %s", bridge->name, nl_geterror(r));
	}
	rtnl_link_put(change);
	rtnl_link_put(old);
	return r;
}

/* No duplicate is looked for: the address is there at once, a bridge without ports never ends the look. */
static int add_address6(struct nl_sock *sock, const struct bridge *bridge, struct err *err)
{
	struct nl_addr *local = nl_addr_build(AF_INET6, &bridge->gateway6, sizeof bridge->gateway6);
	struct rtnl_addr *addr = rtnl_addr_alloc();
	int r = -NLE_NOMEM;

	if (local && addr) {
		nl_addr_set_prefixlen(local, 64);
		rtnl_addr_set_ifindex(addr, (int)if_nametoindex(bridge->name));
		rtnl_addr_set_local(addr, local);
		rtnl_addr_set_flags(addr, IFA_F_NODAD);
		r = rtnl_addr_add(sock, addr, 0);
	}
	rtnl_addr_put(addr);
	nl_addr_put(local);
	if (r == -NLE_EXIST)
		return 0;
	return r < 0 ? err_set(err, EIO, "give bridge '%s' its IPv6 address: %s", bridge->name, nl_geterror(r)) : 0;
}

static int add_address(struct nl_sock *sock, const struct bridge *bridge, struct err *err)
{
	struct nl_addr *local = nl_addr_build(AF_INET, &bridge->gateway, sizeof bridge->gateway);
	struct in_addr last = { .s_addr = bridge->net.s_addr | htonl(UINT32_MAX >> bridge->prefix) };
	struct nl_addr *broadcast = nl_addr_build(AF_INET, &last, sizeof last);
	struct rtnl_addr *addr = rtnl_addr_alloc();
	int r = -NLE_NOMEM;

	if (local && broadcast && addr) {
		nl_addr_set_prefixlen(local, (int)bridge->prefix);
		rtnl_addr_set_ifindex(addr, (int)if_nametoindex(bridge->name));
		rtnl_addr_set_local(addr, local);
		rtnl_addr_set_broadcast(addr, broadcast);
		r = rtnl_addr_add(sock, addr, 0);
	}
	rtnl_addr_put(addr);
	nl_addr_put(broadcast);
	nl_addr_put(local);
	if (r == -NLE_EXIST)
		return 0;
	return r < 0 ? err_set(err, EIO, "give bridge '%s' its address: %s", bridge->name, nl_geterror(r)) : 0;
}

/* Without IPv6 the host has no address there that a container could reach; with it, it is the router. */
static int set_family6(const struct bridge *bridge, struct err *err)
{
	int r = sysctl_set_own(bridge->name, "ipv6", "disable_ipv6", bridge->has6 ? "0" : "1", err);

	if (r >= 0 && bridge->has6)
		r = sysctl_set_own(bridge->name, "ipv6", "accept_ra", "0", err);
	if (r >= 0 && bridge->has6)
		r = sysctl_set_own(bridge->name, "ipv6", "accept_dad", "0", err);
	return r;
}

int bridge_check(const struct bridge *bridge, struct err *err)
{
	autocall(close_socket) struct nl_sock *sock = NULL;
	int r = open_socket(&sock, err);

	return r < 0 ? r : check_routes(sock, bridge, err);
}

int bridge_make(const struct bridge *bridge, struct err *err)
{
	autocall(close_socket) struct nl_sock *sock = NULL;
	int r = open_socket(&sock, err);

	if (r >= 0)
		r = make_link(sock, bridge, err);
	if (r >= 0)
		r = set_family6(bridge, err);
	if (r >= 0)
		r = bridge_set_reserved(sock, bridge->name, err);
	if (r >= 0)
		r = set_up(sock, bridge, err);
	if (r >= 0)
		r = add_address(sock, bridge, err);
	if (r >= 0 && bridge->has6)
		r = add_address6(sock, bridge, err);
	return r;
}

int bridge_remove(const struct bridge *bridge, struct err *err)
{
	autocall(close_socket) struct nl_sock *sock = NULL;
	struct rtnl_link *link = NULL;
	int r = open_socket(&sock, err);

	if (r < 0)
		return r;
	r = rtnl_link_get_kernel(sock, 0, bridge->name, &link);
	if (r >= 0 && rtnl_link_is_bridge(link))
		r = rtnl_link_delete(sock, link);
	rtnl_link_put(link);
	if (r == -NLE_OBJ_NOTFOUND || r == -NLE_NODEV)
		return 0;
	return r < 0 ? err_set(err, EIO, "remove bridge '%s': %s", bridge->name, nl_geterror(r)) : 0;
}
