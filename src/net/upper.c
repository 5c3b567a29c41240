/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces on top of one of the host's: macvlan, ipvlan, vlan. Each would go with its namespace, but that may live for
 * seconds (an unanswered ARP request holds its socket, and that the namespace), and with it the address or VLAN would be
 * taken. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "net/nested.h"
#include "net/nic.h"
#include "net/record.h"

static void put_macvlan(struct rtnl_msg *m, const struct nic_options *opt)
{
	static const uint32_t modes[] = {
		[MODE_PRIVATE] = MACVLAN_MODE_PRIVATE,
		[MODE_VEPA] = MACVLAN_MODE_VEPA,
		[MODE_BRIDGE] = MACVLAN_MODE_BRIDGE,
		[MODE_PASSTHRU] = MACVLAN_MODE_PASSTHRU,
	};

	rtnl_put_u32(m, IFLA_MACVLAN_MODE, modes[opt->mode]);
}

static void put_ipvlan(struct rtnl_msg *m, const struct nic_options *opt)
{
	static const uint16_t modes[] = {
		[IPVLAN_L3] = IPVLAN_MODE_L3,
		[IPVLAN_L3S] = IPVLAN_MODE_L3S,
		[IPVLAN_L2] = IPVLAN_MODE_L2,
	};
	static const uint16_t flags[] = {
		[IPVLAN_BRIDGE] = 0,
		[IPVLAN_PRIVATE] = IPVLAN_F_PRIVATE,
		[IPVLAN_VEPA] = IPVLAN_F_VEPA,
	};

	rtnl_put(m, IFLA_IPVLAN_MODE, &modes[opt->ipvlan], sizeof *modes);
	rtnl_put(m, IFLA_IPVLAN_FLAGS, &flags[opt->isolation], sizeof *flags);
}

static void put_vlan(struct rtnl_msg *m, const struct nic_options *opt)
{
	const uint16_t id = (uint16_t)opt->vlan;

	rtnl_put(m, IFLA_VLAN_ID, &id, sizeof id);
}

/* In a macvlan's passthru mode it has the lower one's hardware address, and to set one here changes that. */
static int make(const struct sides *s, const struct net_nic *nic, int lower, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)nic->number };
	struct rtnl_msg m;
	size_t link, data;

	rtnl_start(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	rtnl_put_str(&m, IFLA_IFNAME, nic->name);
	rtnl_put_u32(&m, IFLA_LINK, (uint32_t)lower);
	if (nic->has_mac)
		rtnl_put(&m, IFLA_ADDRESS, nic->mac, sizeof nic->mac);
	if (nic->mtu)
		rtnl_put_u32(&m, IFLA_MTU, nic->mtu);
	rtnl_put_u32(&m, IFLA_NET_NS_FD, (uint32_t)s->netns);
	link = rtnl_nest(&m, IFLA_LINKINFO);
	rtnl_put_str(&m, IFLA_INFO_KIND, net_type_name(nic->type));
	data = rtnl_nest(&m, IFLA_INFO_DATA);
	if (nic->type == NIC_MACVLAN)
		put_macvlan(&m, &nic->opt);
	else if (nic->type == NIC_IPVLAN)
		put_ipvlan(&m, &nic->opt);
	else
		put_vlan(&m, &nic->opt);
	rtnl_nest_end(&m, data);
	rtnl_nest_end(&m, link);
	return rtnl_talk(s->host, &m, err);
}

/* "upper: NUMBER TYPE LINK VLAN" */
static int write_down(const struct sides *s, const struct net_nic *nic, const struct net_record *record, struct err *err)
{
	char line[80];
	int r = nic_pin(s, record, err);

	str_print(line, sizeof line, UPPER_LINE " %u %s %s %u", nic->number, net_type_name(nic->type), nic->link,
		  nic->opt.vlan);
	return r < 0 ? r : record->fn(record->data, line, err);
}

static int explain_taken(const struct net_nic *nic, const struct store *store, int rundir, struct err *err)
{
	char text[48], name[STORE_NAME_MAX + 1];

	str_print(text, sizeof text, " vlan %s %u\n", nic->link, nic->opt.vlan);
	if (record_holder(store, text, rundir, name))
		return err_set(err, EBUSY, "net.%u.vlan.id: container '%s' has VLAN %u of '%s' now", nic->index, name,
			       nic->opt.vlan, nic->link);
	return err_set(err, EEXIST, "net.%u.vlan.id: '%s' has a VLAN %u already", nic->index, nic->link, nic->opt.vlan);
}

/* What the kernel's answer means. */
static int explain(const struct net_nic *nic, int r, struct err *err)
{

	if (r == -EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP, "the kernel has none");
	if (r == -EINVAL && nic->type == NIC_MACVLAN && nic->opt.mode == MODE_PASSTHRU)
		return err_set(err, EINVAL, "'%s' has others already, passthru wants it alone", nic->link);
	if (r == -EINVAL && nic->type == NIC_MACVLAN)
		return err_set(err, EINVAL, "'%s' takes none: another one on it is in passthru mode, or it cannot have any",
			       nic->link);
	if (r == -EBUSY && nic->type != NIC_VLAN)
		return err_set(err, EBUSY, "'%s' is in use: a bridge's, or it has %ss", nic->link,
			       nic->type == NIC_MACVLAN ? "ipvlan" : "macvlan");
	if (r == -EADDRINUSE && nic->has_mac)
		return err_set(err, EADDRINUSE, "net.%u.hwaddr: '%s' or another interface on it has that address",
			       nic->index, nic->link);
	return r;
}

int upper_make(const struct sides *s, const struct net_nic *nic, const struct store *store, const struct net_record *record,
	       struct err *err)
{
	struct rtnl_link lower;
	int r = rtnl_find(s->host, nic->link, &lower, err);

	if (r == -ENODEV)
		return err_set(err, ENODEV, "interface '%s' does not exist", nic->link);
	if (r >= 0 && nic_check_link(nic, &lower, err) < 0)
		return -EINVAL;
	if (r >= 0 && nic->mtu > lower.mtu)
		return nic_mtu_too_large(nic, lower.mtu, err);
	if (r >= 0)
		r = write_down(s, nic, record, err);
	if (r >= 0) {
		r = make(s, nic, lower.index, err);
		if (r == -EEXIST && nic->type == NIC_VLAN)
			return explain_taken(nic, store, record->rundir, err);
		r = r < 0 ? explain(nic, r, err) : 0;
	}
	return r < 0 ? err_wrap(err, "make %s '%s' on '%s'", net_type_name(nic->type), nic->name, nic->link) : 0;
}

/* One that has been made, by what nobody inside can change of it where it is. */
struct made {
	int number;
	char kind[32];
};

static bool has_it(void *data, int netns)
{
	const struct made *made = data;
	autoclose int sock = rtnl_open(netns, NULL);
	struct rtnl_link link;

	return sock >= 0 && rtnl_find_index(sock, made->number, &link, NULL) == 0 && str_eq(link.kind, made->kind);
}

static int remove_from(int netns, int number, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = number };
	autoclose int sock = rtnl_open(netns, err);
	struct rtnl_msg m;

	rtnl_start(&m, RTM_DELLINK, 0, &info, sizeof info);
	return sock < 0 ? sock : rtnl_talk(sock, &m, err);
}

int upper_remove(int rundir, int pidns, const char *line, struct err *err)
{
	struct made made = { .kind = "macvlan" };
	autoclose int netns = nic_pinned(rundir), nested = -1;
	int r;

	if (netns < 0)
		return 0;
	if (sscanf(line, UPPER_LINE " %d %31s", &made.number, made.kind) != 2 && sscanf(line, "%*s %d", &made.number) != 1)
		return err_set(err, EBADMSG, "'%s' tells of no interface", line);
	r = remove_from(netns, made.number, err);
	if (r == -ENODEV) {
		err_clear(err);
		r = nested = nested_find(pidns, has_it, &made);
		r = r < 0 ? 0 : remove_from(nested, made.number, err);
	}
	return r < 0 ? err_wrap(err, "delete the interface '%s'", line) : 0;
}
