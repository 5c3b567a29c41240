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

/* A module is not loaded to see whether it could be. */
static void say(const struct check *c, const char *name, const char *module, check_try_fn *try, const char *advice)
{
	struct err err = { 0 };
	int r;

	if (check_has_module(module)) {
		check_say(c, name, CHECK_OK, NULL, "the kernel has it");
		return;
	}
	r = check_try(try, name, &err);
	check_tried(c, name, r, CHECK_FAILED, advice, &err, "works");
}

void check_network(struct check *c)
{
	static const char *const dnsmasq[] = { "/usr/sbin/dnsmasq", "/usr/local/sbin/dnsmasq", "/sbin/dnsmasq",
					       "/usr/bin/dnsmasq" };
	size_t i = 0;

	say(c, "bridge", "bridge", make_link, "a kernel with CONFIG_BRIDGE is needed, or net.0.type = host or empty");
	say(c, "veth", "veth", make_link, "a kernel with CONFIG_VETH is needed, or net.0.type = host or empty");
	say(c, "nftables", "nf_tables", ask_nftables,
	    "a kernel with CONFIG_NF_TABLES and CONFIG_NFT_NAT is needed, or a bridge of your own as net.0.link");
	while (i < ARRAY_SIZE(dnsmasq) && access(dnsmasq[i], X_OK) < 0)
		i++;
	if (i < ARRAY_SIZE(dnsmasq))
		check_say(c, "dnsmasq", CHECK_OK, NULL, "%s", dnsmasq[i]);
	else
		check_say(c, "dnsmasq", CHECK_FAILED,
			  "install it (Debian: dnsmasq-base), or use a bridge of your own as net.0.link",
			  "is not installed");
}
