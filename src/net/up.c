/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's NICs, made and configured from outside by netlink alone. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/net.h"
#include "net/rtnl.h"
#include "net/veth.h"

/* The two namespaces' sockets. */
struct sides {
	int host, guest;
	int netns;
};

/* One each way: the kernel's default is one per processor, each with its folder in sysfs, and a veth gains nothing by them.
 */
static void put_queues(struct rtnl_msg *m)
{
	rtnl_put_u32(m, IFLA_NUM_TX_QUEUES, 1);
	rtnl_put_u32(m, IFLA_NUM_RX_QUEUES, 1);
}

/* veth_newlink (drivers/net/veth.c): the other end is made in its namespace and named by the same request. It cannot be up
 * before the pair is (ENOTCONN). */
static void put_peer(struct rtnl_msg *m, const struct net_nic *nic, int netns, uint32_t mtu)
{
	struct ifinfomsg peer = { .ifi_family = AF_UNSPEC };
	size_t info = rtnl_nest(m, IFLA_LINKINFO), data, end;

	rtnl_put_str(m, IFLA_INFO_KIND, "veth");
	data = rtnl_nest(m, IFLA_INFO_DATA);
	end = rtnl_nest(m, VETH_INFO_PEER);
	rtnl_put_raw(m, &peer, sizeof peer);
	rtnl_put_str(m, IFLA_IFNAME, nic->name);
	rtnl_put(m, IFLA_ADDRESS, nic->mac, sizeof nic->mac);
	rtnl_put_u32(m, IFLA_MTU, mtu);
	put_queues(m);
	rtnl_put_u32(m, IFLA_NET_NS_FD, (uint32_t)netns);
	rtnl_nest_end(m, end);
	rtnl_nest_end(m, data);
	rtnl_nest_end(m, info);
}

/* The host end has a MAC so high that a bridge without one of its own never takes it over, and never the container's: the
 * bridge would keep what is sent to that one for itself. */
static void host_mac(uint8_t mac[static 6], const uint8_t of[static 6])
{
	memcpy(mac, of, 6);
	mac[0] = of[0] == 0xfe ? 0xfa : 0xfe;
}

static int make_pair(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *bridge, struct err *err)
{
	struct ifinfomsg info = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	uint32_t mtu = nic->mtu ? nic->mtu : bridge->mtu;
	struct rtnl_msg m;
	uint8_t mac[6];
	int r;

	host_mac(mac, nic->mac);
	rtnl_start(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	rtnl_put_str(&m, IFLA_IFNAME, nic->veth);
	rtnl_put(&m, IFLA_ADDRESS, mac, sizeof mac);
	rtnl_put_u32(&m, IFLA_MTU, mtu);
	put_queues(&m);
	rtnl_put_u32(&m, IFLA_MASTER, (uint32_t)bridge->index);
	put_peer(&m, nic, s->netns, mtu);
	r = rtnl_talk(s->host, &m, err);
	if (r == -EEXIST && veth_delete_now(s->host, nic->veth, NULL) >= 0)
		r = rtnl_talk(s->host, &m, err);
	return r < 0 ? err_wrap(err, "make veth '%s' for '%s'", nic->veth, nic->name) : 0;
}

/* Packets of a container to itself through the host's address come back by the port that they left by, when the host runs
 * iptables on bridges (bridge-nf-call-iptables). */
static int allow_hairpin(const struct sides *s, const struct net_nic *nic, int index, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = index };
	struct rtnl_msg m;
	uint8_t on = 1;
	size_t port;

	rtnl_start(&m, RTM_SETLINK, 0, &info, sizeof info);
	port = rtnl_nest(&m, IFLA_PROTINFO | NLA_F_NESTED);
	rtnl_put(&m, IFLA_BRPORT_MODE, &on, sizeof on);
	rtnl_nest_end(&m, port);
	if (rtnl_talk(s->host, &m, err) < 0)
		return err_wrap(err, "set hairpin mode of '%s'", nic->veth);
	return 0;
}

static int add_address(const struct sides *s, const struct net_nic *nic, int index, struct err *err)
{
	struct ifaddrmsg info = { .ifa_family = AF_INET, .ifa_prefixlen = nic->prefix, .ifa_index = (uint32_t)index };
	uint32_t host = nic->prefix < 32 ? UINT32_MAX >> nic->prefix : 0;
	struct in_addr last = { .s_addr = nic->ipv4.s_addr | htonl(host) };
	struct rtnl_msg m;
	char text[INET_ADDRSTRLEN];

	rtnl_start(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	rtnl_put(&m, IFA_LOCAL, &nic->ipv4, sizeof nic->ipv4);
	rtnl_put(&m, IFA_ADDRESS, &nic->ipv4, sizeof nic->ipv4);
	if (nic->prefix < 31)
		rtnl_put(&m, IFA_BROADCAST, &last, sizeof last);
	if (rtnl_talk(s->guest, &m, err) < 0)
		return err_wrap(err, "give '%s' the address %s/%u", nic->name,
				inet_ntop(AF_INET, &nic->ipv4, text, sizeof text), (unsigned)nic->prefix);
	return 0;
}

static int add_gateway(const struct sides *s, const struct net_nic *nic, int index, struct err *err)
{
	struct rtmsg info = {
		.rtm_family = AF_INET,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	char text[INET_ADDRSTRLEN];
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	rtnl_put(&m, RTA_GATEWAY, &nic->gateway, sizeof nic->gateway);
	rtnl_put_u32(&m, RTA_OIF, (uint32_t)index);
	if (rtnl_talk(s->guest, &m, err) < 0)
		return err_wrap(err, "route of '%s' by gateway %s", nic->name,
				inet_ntop(AF_INET, &nic->gateway, text, sizeof text));
	return 0;
}

static int set_up(int sock, int index, const char *name, struct err *err)
{
	struct ifinfomsg info = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	return rtnl_talk(sock, &m, err) < 0 ? err_wrap(err, "bring up '%s'", name) : 0;
}

static int plug(const struct sides *s, const struct net_nic *nic, struct err *err)
{
	struct rtnl_link bridge, pair;
	int r = rtnl_find(s->host, nic->bridge, &bridge, err);

	if (r == -ENODEV)
		return err_set(err, ENODEV, "bridge '%s' does not exist", nic->bridge);
	if (r < 0)
		return err_wrap(err, "find bridge '%s'", nic->bridge);
	r = make_pair(s, nic, &bridge, err);
	if (r >= 0)
		r = rtnl_find(s->host, nic->veth, &pair, err);
	if (r >= 0 && nic->managed)
		r = allow_hairpin(s, nic, pair.index, err);
	if (r >= 0 && !nic->down)
		r = set_up(s->guest, pair.peer, nic->name, err);
	if (r >= 0 && nic->ipv4.s_addr)
		r = add_address(s, nic, pair.peer, err);
	if (r >= 0 && nic->gateway.s_addr && !nic->down)
		r = add_gateway(s, nic, pair.peer, err);
	return r;
}

/* The managed bridge may still be in the making. */
static int await_bridge(struct net_plan *plan, const struct net_nic *nic, int host, uint64_t deadline, struct err *err)
{
	struct rtnl_link bridge;

	if (!nic->managed || plan->joined || rtnl_find(host, nic->bridge, &bridge, NULL) == 0)
		return 0;
	return net_finish(plan, deadline, err);
}

int net_up(struct net_plan *plan, int netns, uint64_t deadline, struct err *err)
{
	autoclose int host = -1;
	autoclose int guest = rtnl_open(netns, err);
	int r = guest;

	if (r >= 0)
		r = set_up(guest, 1, "lo", err);
	if (r >= 0 && plan->n)
		r = host = rtnl_open(-1, err);
	for (size_t i = 0; i < plan->n && r >= 0; i++) {
		const struct sides s = { host, guest, netns };
		r = await_bridge(plan, &plan->nics[i], host, deadline, err);
		if (r >= 0)
			r = plug(&s, &plan->nics[i], err);
	}
	return r < 0 ? r : 0;
}
