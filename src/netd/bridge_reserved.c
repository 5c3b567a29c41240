/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "netd/bridge.h"

static int put(struct nl_msg *msg, const struct ifinfomsg *info)
{
	const struct br_boolopt_multi options = { .optval = 1U << BR_BOOLOPT_NO_LL_LEARN,
						  .optmask = 1U << BR_BOOLOPT_NO_LL_LEARN };
	const uint16_t groups = 0xfff8; /* all that it may be (BR_GROUPFWD_RESTRICTED, net/bridge/br_private.h) */
	struct nlattr *link, *data;

	if (nlmsg_append(msg, (void *)(uintptr_t)info, sizeof *info, NLMSG_ALIGNTO) < 0)
		return -NLE_NOMEM;
	link = nla_nest_start(msg, IFLA_LINKINFO);
	if (!link || nla_put_string(msg, IFLA_INFO_KIND, "bridge") < 0)
		return -NLE_NOMEM;
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	if (!data || nla_put(msg, IFLA_BR_MULTI_BOOLOPT, sizeof options, &options) < 0 ||
	    nla_put_u16(msg, IFLA_BR_GROUP_FWD_MASK, groups) < 0)
		return -NLE_NOMEM;
	nla_nest_end(msg, data);
	nla_nest_end(msg, link);
	return 0;
}

int bridge_set_reserved(struct nl_sock *sock, const char *name, struct err *err)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)if_nametoindex(name) };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	int r = msg ? put(msg, &info) : -NLE_NOMEM;

	if (r < 0)
		nlmsg_free(msg);
	else
		r = nl_send_sync(sock, msg); /* frees it */
	return r < 0 ? err_set(err, EIO, "set what bridge '%s' makes of reserved groups: %s", name, nl_geterror(r)) : 0;
}
