/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's routes to a container whose veth is on no bridge, and to networks behind one that is. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/nic.h"

#define PROTOCOL 118 /* of rtnetlink(7): nobody's. What others have set is told apart by it */

/* --- routes ----------------------------------------------------------------------------------------------------------- */

/* via NULL: what is there is asked for on the interface. */
static int change(int sock, uint16_t type, const struct nic_addr *to, const struct nic_addr *via, int index, struct err *err)
{
	struct rtmsg info = {
		.rtm_family = to->family,
		.rtm_dst_len = to->prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = PROTOCOL,
		.rtm_scope = via || to->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = via && type == RTM_NEWROUTE ? RTNH_F_ONLINK : 0,
	};
	struct rtnl_msg m;

	rtnl_start(&m, type, type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0, &info, sizeof info);
	rtnl_put(&m, RTA_DST, to->addr, addr_len(to));
	rtnl_put_u32(&m, RTA_OIF, (uint32_t)index);
	if (via)
		rtnl_put(&m, RTA_GATEWAY, via->addr, addr_len(via));
	return rtnl_talk(sock, &m, err);
}

static int add(int sock, const char *key, const struct net_nic *nic, const struct nic_addr *to, const struct nic_addr *via,
	       int index, struct err *err)
{
	char text[NIC_ADDR_TEXT];
	int r = change(sock, RTM_NEWROUTE, to, via, index, err);

	if (r == -EEXIST)
		err_set(err, EEXIST, "the host has a route there already");
	return r < 0 ? err_wrap(err, "net.%u.%s: %s", nic->index, key, addr_text(to, text)) : 0;
}

static const char *route_key(const struct nic_addr *to)
{
	return to->family == AF_INET ? "veth.ipv4.route" : "veth.ipv6.route";
}

static const struct nic_addr *first_address(const struct net_nic *nic, uint8_t family)
{
	for (size_t i = 0; i < nic->n_addrs; i++)
		if (nic->addrs[i].family == family)
			return &nic->addrs[i];
	return NULL;
}

/* By way of its address on the bridge: such a route does not go with the veth. */
static int add_by_bridge(const struct sides *s, const struct net_nic *nic, const struct nic_addr *to,
			 const struct net_record *record, struct err *err)
{
	const struct nic_addr *via = first_address(nic, to->family);
	char line[160], network[NIC_ADDR_TEXT], gateway[NIC_ADDR_TEXT];
	struct rtnl_link bridge;
	int r;

	if (!via)
		return err_set(err, EINVAL, "net.%u.%s: %s: needs an address of the interface's to go by", nic->index,
			       route_key(to), addr_text(to, network));
	r = rtnl_find(s->host, nic->link, &bridge, err);
	str_print(line, sizeof line, ROUTE_LINE " %s %s %s", addr_text(to, network), addr_text(via, gateway), nic->link);
	if (r >= 0)
		r = record->fn(record->data, line, err);
	return r < 0 ? r : add(s->host, route_key(to), nic, to, via, bridge.index, err);
}

static int add_networks(const struct sides *s, const struct net_nic *nic, const struct nic_routes *routes, int index,
			const struct net_record *record, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < routes->n && r >= 0; i++)
		r = nic->link[0] ? add_by_bridge(s, nic, &routes->v[i], record, err)
				 : add(s->host, route_key(&routes->v[i]), nic, &routes->v[i], NULL, index, err);
	return r;
}

static int read_text(char *text, struct nic_addr *ret)
{
	char *slash = strchr(text, '/');
	uint64_t prefix;

	*ret = (struct nic_addr){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	if (!slash || str_uint(slash + 1, 0, 128, &prefix) < 0)
		return -EINVAL;
	*slash = '\0';
	ret->prefix = (uint8_t)prefix;
	return inet_pton(ret->family, text, ret->addr) == 1 ? 0 : -EINVAL;
}

int route_remove(const char *line, struct err *err)
{
	char to[NIC_ADDR_TEXT], via[NIC_ADDR_TEXT], link[16];
	struct nic_addr network, gateway;
	autoclose int sock = -1;
	struct rtnl_link bridge;
	int r;

	_Static_assert(NIC_ADDR_TEXT > 49, "the widths below");
	if (sscanf(line, ROUTE_LINE " %49s %49s %15s", to, via, link) != 3 || read_text(to, &network) < 0 ||
	    read_text(via, &gateway) < 0)
		return err_set(err, EBADMSG, "'%s' tells of no route", line);
	sock = rtnl_open(-1, err);
	if (sock < 0)
		return sock;
	if (rtnl_find(sock, link, &bridge, NULL) < 0)
		return 0;
	r = change(sock, RTM_DELROUTE, &network, &gateway, bridge.index, err);
	return r < 0 && r != -ESRCH && r != -ENODEV ? err_wrap(err, "delete the route '%s'", line) : 0;
}

/* --- without a bridge ------------------------------------------------------------------------------------------------- */

static void write_setting(const char *family, const char *kind, const char *veth, const char *name, const char *value)
{
	autofree char *path = str_fmt("/proc/sys/net/%s/%s/%s/%s", family, kind, veth, name);

	if (path)
		file_write_at(AT_FDCWD, path, value, NULL);
}

/* An address of this link alone the host takes itself. */
static int take_address(int sock, const struct nic_addr *addr, int index, struct err *err)
{
	struct rtnl_addr own = {
		.index = index,
		.family = addr->family,
		.prefix = addr->family == AF_INET ? 32 : 64,
		.scope = RT_SCOPE_LINK,
		.flags = addr->family == AF_INET6 ? IFA_F_NODAD | IFA_F_PERMANENT : 0,
	};
	struct rtnl_msg m;

	memcpy(own.local, addr->addr, sizeof own.local);
	memcpy(own.peer, addr->addr, sizeof own.peer);
	rtnl_start_addr(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &own);
	return rtnl_talk(sock, &m, err);
}

/* For any other, a router's somewhere, it answers: arp_process() and ndisc_recv_ns() of the kernel, which do so on an
 * interface that forwards. */
static int answer_for(int sock, const struct nic_addr *addr, int index, struct err *err)
{
	struct ndmsg info = {
		.ndm_family = addr->family, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT, .ndm_flags = NTF_PROXY
	};
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof info);
	rtnl_put(&m, NDA_DST, addr->addr, addr_len(addr));
	return rtnl_talk(sock, &m, err);
}

static int be_gateway(int sock, const struct net_nic *nic, const struct nic_addr *gateway, int index, struct err *err)
{
	const bool four = gateway->family == AF_INET;
	const char *family = four ? "ipv4" : "ipv6";
	char text[INET6_ADDRSTRLEN];
	int r;

	write_setting(family, "conf", nic->veth, "forwarding", "1");
	write_setting(family, "neigh", nic->veth, "proxy_delay", "0");
	if (!four)
		write_setting(family, "conf", nic->veth, "proxy_ndp", "1");
	r = (addr_is_link_local(gateway) ? take_address : answer_for)(sock, gateway, index, err);
	return r < 0 ? err_wrap(err, "net.%u.%s.gateway: %s on '%s'", nic->index, family,
				inet_ntop(gateway->family, gateway->addr, text, sizeof text), nic->veth)
		     : 0;
}

static int add_router(const struct sides *s, const struct net_nic *nic, int index, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < nic->n_addrs && r >= 0; i++) {
		struct nic_addr to = nic->addrs[i];
		to.prefix = (uint8_t)(addr_len(&to) * 8);
		r = add(s->host, to.family == AF_INET ? "ipv4.address" : "ipv6.address", nic, &to, NULL, index, err);
	}
	if (r >= 0 && nic->gateway.family)
		r = be_gateway(s->host, nic, &nic->gateway, index, err);
	if (r >= 0 && nic->gateway6.family)
		r = be_gateway(s->host, nic, &nic->gateway6, index, err);
	return r;
}

int route_make(const struct sides *s, const struct net_nic *nic, int index, const struct net_record *record, struct err *err)
{
	int r = nic->opt.veth == VETH_ROUTER ? add_router(s, nic, index, err) : 0;

	if (r >= 0)
		r = add_networks(s, nic, &nic->opt.routes4, index, record, err);
	return r < 0 ? r : add_networks(s, nic, &nic->opt.routes6, index, record, err);
}
