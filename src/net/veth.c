/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A veth: one end in the container, the other on a bridge of the host or by itself. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "net/names.h"
#include "net/nic.h"
#include "net/record.h"

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

int veth_record(const struct net_nic *nic, const struct net_record *record, struct err *err)
{
	char line[sizeof VETH_LINE + 40];
	uint8_t m[6];

	if (!nic->own_pair)
		return record->fn(record->data, nic->veth, err);
	host_mac(m, nic->mac);
	str_print(line, sizeof line, VETH_LINE " %02x:%02x:%02x:%02x:%02x:%02x %s", m[0], m[1], m[2], m[3], m[4], m[5],
		  nic->veth);
	return record->fn(record->data, line, err);
}

/* A host end that the user has named is refused where there is one of that name: it may be anything. It is down, and so
 * silent, whatever the container does with the other one. */
static int make_pair(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *bridge, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	uint32_t mtu = nic->mtu ? nic->mtu : bridge->mtu ? bridge->mtu : ETH_DATA_LEN;
	struct rtnl_msg m;
	uint8_t mac[6];
	int r;

	host_mac(mac, nic->mac);
	rtnl_start(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	rtnl_put_str(&m, IFLA_IFNAME, nic->veth);
	rtnl_put(&m, IFLA_ADDRESS, mac, sizeof mac);
	rtnl_put_u32(&m, IFLA_MTU, mtu);
	put_queues(&m);
	if (bridge->index)
		rtnl_put_u32(&m, IFLA_MASTER, (uint32_t)bridge->index);
	if (nic->managed)
		rtnl_put_u32(&m, IFLA_GROUP, net_port_group(nic->link));
	else if (!nic->link[0])
		rtnl_put_u32(&m, IFLA_GROUP, NET_ROUTED_GROUP);
	put_peer(&m, nic, s->netns, mtu);
	r = rtnl_talk(s->host, &m, err);
	if (r == -EEXIST && !nic->own_pair && veth_delete_now(s->host, nic->veth, NULL) >= 0)
		r = rtnl_talk(s->host, &m, err);
	if (r == -EXFULL) /* find_portno() of net/bridge/br_if.c */
		return err_set(
			err, EXFULL,
			"bridge '%s' has 1023 ports, more the kernel does not give it: put the container on another network",
			nic->link);
	if (r == -EOPNOTSUPP && bridge->index) /* do_set_master() of net/core/rtnetlink.c: it takes no ports */
		return err_set(err, EOPNOTSUPP, "link '%s' is no bridge", nic->link);
	return r < 0 ? err_wrap(err, "make veth '%s' for '%s'", nic->veth, nic->name) : 0;
}

int veth_check(int host, const struct net_nic *nic, const struct store *store, const struct net_record *record,
	       struct err *err)
{
	char line[24], holder[STORE_NAME_MAX + 1];
	struct rtnl_link link;

	if (!nic->own_pair || rtnl_find(host, nic->veth, &link, NULL) < 0)
		return 0;
	str_print(line, sizeof line, " %s\n", nic->veth);
	if (record_holder(store, line, record->rundir, holder))
		return err_set(err, EEXIST, "net.%u.veth.pair: container '%s' has an interface '%s' already", nic->index,
			       holder, nic->veth);
	return err_set(err, EEXIST, "net.%u.veth.pair: the host has an interface '%s' already", nic->index, nic->veth);
}

/* What becomes of its end on the host. */
static int set_end(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *end,
		   const struct net_record *record, struct err *err)
{
	int r = port_no_router(nic->veth, nic->link[0], err);

	if (r >= 0 && nic->opt.veth == VETH_ROUTER)
		r = port_no_liar(nic->veth, err);
	if (r >= 0)
		r = vlan_set(s, nic, end->index, err);
	if (r >= 0)
		r = port_up(s->host, end->index, nic->managed, err);
	if (r >= 0)
		r = rate_limit(s, nic, end, record, err);
	return r < 0 ? r : route_make(s, nic, end->index, record, err);
}

int nic_mtu_too_large(const struct net_nic *nic, uint32_t most, struct err *err)
{
	return err_set(err, EINVAL, "net.%u.mtu: %u is more than the %u of '%s'", nic->index, nic->mtu, most, nic->link);
}

static void take_port(const struct nlmsghdr *h, void *data)
{
	const struct ndmsg *info = NLMSG_DATA(h);

	if (h->nlmsg_type == RTM_NEWNEIGH)
		*(int *)data = info->ndm_ifindex;
}

/* Of a bridge of the host's own nobody has a list: it knows who was heard there. What may have moved to this host from
 * another one is no reason, another container's port is. */
static int check_mac(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *bridge,
		     const struct store *store, int rundir, struct err *err)
{
	struct ndmsg info = { .ndm_family = AF_BRIDGE };
	char port[IF_NAMESIZE], line[IF_NAMESIZE + 2], holder[STORE_NAME_MAX + 1];
	const uint8_t *m = nic->mac;
	struct rtnl_msg ask;
	int index = 0;

	rtnl_start(&ask, RTM_GETNEIGH, 0, &info, sizeof info);
	rtnl_put(&ask, NDA_LLADDR, nic->mac, sizeof nic->mac);
	rtnl_put_u32(&ask, NDA_MASTER, (uint32_t)bridge->index);
	if (rtnl_dump(s->host, &ask, take_port, &index, NULL) < 0 || !index || !if_indextoname((unsigned)index, port))
		return 0;
	str_print(line, sizeof line, " %s\n", port);
	if (!record_holder(store, line, rundir, holder))
		return 0;
	return err_set(err, EADDRINUSE, "net.%u.hwaddr: %02x:%02x:%02x:%02x:%02x:%02x is container '%s''s on '%s'",
		       nic->index, m[0], m[1], m[2], m[3], m[4], m[5], holder, nic->link);
}

int veth_make(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *found, const struct store *store,
	      const struct net_record *record, int *ret_index, struct err *err)
{
	struct rtnl_link bridge = *found, pair;
	int r = nic->link[0] && !bridge.index ? rtnl_find(s->host, nic->link, &bridge, err) : 0;

	if (r == -ENODEV)
		return err_set(err, ENODEV, "bridge '%s' does not exist", nic->link);
	if (r < 0)
		return err_wrap(err, "find bridge '%s'", nic->link);
	if (nic_check_link(nic, &bridge, err) < 0)
		return -EINVAL;
	if (bridge.index && nic->mtu > bridge.mtu)
		return nic_mtu_too_large(nic, bridge.mtu, err);
	if (bridge.index && !nic->managed && check_mac(s, nic, &bridge, store, record->rundir, err) < 0)
		return -EADDRINUSE;
	r = make_pair(s, nic, &bridge, err);
	if (r >= 0)
		r = rtnl_find(s->host, nic->veth, &pair, err);
	if (r >= 0)
		r = set_end(s, nic, &pair, record, err);
	*ret_index = r < 0 ? 0 : pair.peer;
	return r;
}
