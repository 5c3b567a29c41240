/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check/internal.h"
#include "net/net.h"
#include "net/rtnl.h"

static int own_network(struct err *err)
{
	return unshare(CLONE_NEWNET) < 0 ? err_sys(err, errno, "make a network namespace") : 0;
}

static int make_link(const void *arg, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct rtnl_msg m;
	size_t nest;
	int sock, r = own_network(err);

	if (r < 0)
		return r;
	sock = rtnl_open(-1, err);
	if (sock < 0)
		return sock;
	rtnl_start(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	rtnl_put_str(&m, IFLA_IFNAME, "mgr-check");
	nest = rtnl_nest(&m, IFLA_LINKINFO);
	rtnl_put_str(&m, IFLA_INFO_KIND, arg);
	rtnl_nest_end(&m, nest);
	r = rtnl_talk(sock, &m, err);
	close(sock);
	return r;
}

/* Kinds that stand on an interface which is not named here: any other answer shows that the kernel knows them. */
static int know_link(const void *arg, struct err *err)
{
	if (make_link(arg, err) == -EOPNOTSUPP)
		return -EOPNOTSUPP;
	err_clear(err);
	return 0;
}

static int hold_rates(const void *arg, struct err *err)
{
	int r = own_network(err);

	(void)arg;
	return r < 0 ? r : net_try_rates(err);
}

/* The kernel's generation of the rule set: it answers when there is nf_tables. */
static int ask_nftables(const void *arg, struct err *err)
{
	const struct {
		struct nlmsghdr head;
		struct nfgenmsg nf;
	} ask = {
		.head = { .nlmsg_len = sizeof ask,
			  .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
			  .nlmsg_flags = NLM_F_REQUEST },
		.nf = { .version = NFNETLINK_V0 },
	};
	union {
		struct nlmsghdr head;
		char bytes[512];
	} answer;
	autoclose int sock = -1;
	int r = own_network(err);

	(void)arg;
	if (r < 0)
		return r;
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (sock < 0 || send(sock, &ask, sizeof ask, 0) < 0 ||
	    recv(sock, &answer, sizeof answer, 0) < (ssize_t)sizeof answer.head)
		return err_sys(err, errno, "ask the kernel");
	if (answer.head.nlmsg_type == NLMSG_ERROR)
		return err_sys(err, -((struct nlmsgerr *)NLMSG_DATA(&answer.head))->error, "ask the kernel");
	return 0;
}

/* What the kernel is to have. */
struct part {
	const char *name;
	const char *modules[4];
	check_try_fn *try;
	enum check_status missing;
	const char *advice;
};

static const struct part parts[] = {
	{ "bridge",
	  { "bridge" },
	  make_link,
	  CHECK_FAILED,
	  "a kernel with CONFIG_BRIDGE is needed, or net.0.type = host or empty" },
	{ "veth",
	  { "veth" },
	  make_link,
	  CHECK_FAILED,
	  "a kernel with CONFIG_VETH is needed, or net.0.type = host or empty" },
	{ "macvlan", { "macvlan" }, know_link, CHECK_WARNING, "net.N.type = macvlan needs a kernel with CONFIG_MACVLAN" },
	{ "ipvlan", { "ipvlan" }, know_link, CHECK_WARNING, "net.N.type = ipvlan needs a kernel with CONFIG_IPVLAN" },
	{ "vlan", { "8021q" }, know_link, CHECK_WARNING, "net.N.type = vlan needs a kernel with CONFIG_VLAN_8021Q" },
	{ "rates",
	  { "ifb", "sch_tbf", "cls_u32", "act_mirred" },
	  hold_rates,
	  CHECK_WARNING,
	  "net.N.rate.ingress and .egress need a kernel with CONFIG_IFB, NET_SCH_TBF, NET_SCH_INGRESS, NET_CLS_U32 and "
	  "NET_ACT_MIRRED" },
	{ "nftables",
	  { "nf_tables" },
	  ask_nftables,
	  CHECK_FAILED,
	  "a kernel with CONFIG_NF_TABLES and CONFIG_NFT_NAT is needed, or a bridge of your own as net.0.link" },
};

/* A module is not loaded to see whether it could be. */
static void say(const struct check *c, const struct part *part)
{
	struct err err = { 0 };
	bool listed = true;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(part->modules) && part->modules[i] && listed; i++)
		listed = check_has_module(part->modules[i]);
	if (listed) {
		check_say(c, part->name, CHECK_OK, NULL, "the kernel has it");
		return;
	}
	r = check_try(part->try, part->name, &err);
	check_tried(c, part->name, r, part->missing, part->advice, &err, "works");
}

void check_network(struct check *c)
{
	static const char *const dnsmasq[] = { "/usr/sbin/dnsmasq", "/usr/local/sbin/dnsmasq", "/sbin/dnsmasq",
					       "/usr/bin/dnsmasq" };
	size_t i = 0;

	for (size_t k = 0; k < ARRAY_SIZE(parts); k++)
		say(c, &parts[k]);
	while (i < ARRAY_SIZE(dnsmasq) && access(dnsmasq[i], X_OK) < 0)
		i++;
	if (i < ARRAY_SIZE(dnsmasq))
		check_say(c, "dnsmasq", CHECK_OK, NULL, "%s", dnsmasq[i]);
	else
		check_say(c, "dnsmasq", CHECK_FAILED,
			  "install it (Debian: dnsmasq-base), or use a bridge of your own as net.0.link",
			  "is not installed");
}
