/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A macvlan: another hardware address on an interface of the host. It would go with its namespace, but that may live for
 * seconds (an unanswered ARP request holds its socket, and that the namespace), and with it the address would be taken. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "net/nic.h"

static uint32_t kernel_mode(enum nic_mode mode)
{
	static const uint32_t modes[] = {
		[MODE_PRIVATE] = MACVLAN_MODE_PRIVATE,
		[MODE_VEPA] = MACVLAN_MODE_VEPA,
		[MODE_BRIDGE] = MACVLAN_MODE_BRIDGE,
		[MODE_PASSTHRU] = MACVLAN_MODE_PASSTHRU,
	};

	return modes[mode];
}

/* In passthru mode it has the lower one's hardware address, and to set one here changes that. */
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
	rtnl_put_str(&m, IFLA_INFO_KIND, "macvlan");
	data = rtnl_nest(&m, IFLA_INFO_DATA);
	rtnl_put_u32(&m, IFLA_MACVLAN_MODE, kernel_mode(nic->mode));
	rtnl_nest_end(&m, data);
	rtnl_nest_end(&m, link);
	return rtnl_talk(s->host, &m, err);
}

static int write_down(const struct sides *s, const struct net_nic *nic, const struct net_record *record, struct err *err)
{
	char line[48];
	int r = nic_pin(s, record, err);

	str_print(line, sizeof line, MACVLAN_LINE " %u", nic->number);
	return r < 0 ? r : record->fn(record->data, line, err);
}

int macvlan_make(const struct sides *s, const struct net_nic *nic, const struct net_record *record, struct err *err)
{
	struct rtnl_link lower;
	int r = rtnl_find(s->host, nic->link, &lower, err);

	if (r == -ENODEV)
		return err_set(err, ENODEV, "interface '%s' does not exist", nic->link);
	if (r >= 0)
		r = write_down(s, nic, record, err);
	if (r >= 0)
		r = make(s, nic, lower.index, err);
	if (r == -EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP, "make macvlan '%s': the kernel has none", nic->name);
	if (r == -EINVAL && nic->mode != MODE_PASSTHRU)
		err_set(err, EINVAL, "'%s' takes none: another one on it is in passthru mode, or it cannot have any",
			nic->link);
	else if (r == -EINVAL)
		err_set(err, EINVAL, "'%s' has others already, passthru wants it alone", nic->link);
	return r < 0 ? err_wrap(err, "make macvlan '%s' on '%s'", nic->name, nic->link) : 0;
}

int macvlan_remove(int rundir, const char *line, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	autoclose int netns = nic_pinned(rundir);
	autoclose int guest = netns < 0 ? netns : rtnl_open(netns, NULL);
	struct rtnl_msg m;
	int r;

	if (guest < 0)
		return 0;
	if (sscanf(line, MACVLAN_LINE " %d", &info.ifi_index) != 1)
		return err_set(err, EBADMSG, "'%s' tells of no interface", line);
	rtnl_start(&m, RTM_DELLINK, 0, &info, sizeof info);
	r = rtnl_talk(guest, &m, err);
	return r < 0 && r != -ENODEV ? err_wrap(err, "delete the macvlan") : 0;
}
