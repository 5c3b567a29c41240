/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VLANs of a veth's end on a bridge that filters them (bridge(8), "vlan"). */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <net/if.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "net/nic.h"

/* A number of the bridge's, in sysfs; -errno. */
static int bridge_says(const char *bridge, const char *what)
{
	autofree char *path = str_fmt("/sys/class/net/%s/bridge/%s", bridge, what);
	char text[16];
	uint64_t n;

	if (!path || file_read_small_at(AT_FDCWD, path, text, sizeof text, NULL) < 0)
		return -ENOENT;
	return str_uint(text, 0, UINT16_MAX, &n) < 0 ? -EINVAL : (int)n;
}

/* type: RTM_SETLINK adds, RTM_DELLINK takes away. */
static int change(int sock, int index, uint16_t type, uint16_t vlan, uint16_t flags, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = index };
	const struct bridge_vlan_info entry = { .flags = flags, .vid = vlan };
	struct rtnl_msg m;
	size_t spec;

	rtnl_start(&m, type, 0, &info, sizeof info);
	spec = rtnl_nest(&m, IFLA_AF_SPEC);
	rtnl_put(&m, IFLA_BRIDGE_VLAN_INFO, &entry, sizeof entry);
	rtnl_nest_end(&m, spec);
	return rtnl_talk(sock, &m, err);
}

static int set_untagged(int sock, const struct net_nic *nic, int index, struct err *err)
{
	const uint16_t vlan = nic->opt.untagged;
	const int usual = bridge_says(nic->link, "default_pvid");

	if (vlan == VLAN_UNSET || usual == vlan)
		return 0;
	if (usual > 0 && change(sock, index, RTM_DELLINK, (uint16_t)usual, 0, err) < 0)
		return err_wrap(err, "net.%u.veth.vlan.id: leave VLAN %d", nic->index, usual);
	if (vlan != VLAN_NONE &&
	    change(sock, index, RTM_SETLINK, vlan, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED, err) < 0)
		return err_wrap(err, "net.%u.veth.vlan.id: %u", nic->index, (unsigned)vlan);
	return 0;
}

int vlan_set(const struct sides *s, const struct net_nic *nic, int index, struct err *err)
{
	const struct nic_options *opt = &nic->opt;

	if (opt->untagged == VLAN_UNSET && !opt->tagged.n)
		return 0;
	if (bridge_says(nic->link, "vlan_filtering") != 1)
		return err_set(err, EINVAL, "net.%u.veth.vlan.%s: bridge '%s' does not filter VLANs (vlan_filtering)",
			       nic->index, opt->untagged == VLAN_UNSET ? "tagged.id" : "id", nic->link);
	if (set_untagged(s->host, nic, index, err) < 0)
		return -err->code;
	for (size_t i = 0; i < opt->tagged.n; i++)
		if (change(s->host, index, RTM_SETLINK, opt->tagged.v[i], 0, err) < 0)
			return err_wrap(err, "net.%u.veth.vlan.tagged.id: %u", nic->index, (unsigned)opt->tagged.v[i]);
	return 0;
}
