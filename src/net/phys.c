/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An interface of the host, moved into the container and back. When a network namespace ends, the kernel moves the hardware
 * that is in it to the first one under any name, and deletes what is virtual: so the namespace is pinned until the interface
 * is out again. What it was like stands in the undo record. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "net/addr.h"
#include "net/nic.h"

#define RECORD     "undo"
#define RECORD_MAX (1 << 20)
#define MAC        "%02x:%02x:%02x:%02x:%02x:%02x"

/* --- what it is like ------------------------------------------------------------------------------------------------ */

/* Addresses that somebody set; the kernel makes the others again by itself. */
static void add_address(const struct nlmsghdr *h, int index, struct str *out)
{
	const struct ifaddrmsg *info = NLMSG_DATA(h);
	struct nic_addr addr = { .family = info->ifa_family, .prefix = info->ifa_prefixlen };
	const struct rtattr *a = IFA_RTA(info);
	unsigned left = (unsigned)IFA_PAYLOAD(h);
	bool broadcast = false, local = false;
	char text[NIC_ADDR_TEXT];

	if ((int)info->ifa_index != index || !(info->ifa_flags & IFA_F_PERMANENT) ||
	    (info->ifa_family == AF_INET6 && info->ifa_scope == RT_SCOPE_LINK))
		return;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		broadcast |= a->rta_type == IFA_BROADCAST;
		local |= a->rta_type == IFA_LOCAL;
		if ((a->rta_type == IFA_LOCAL || (a->rta_type == IFA_ADDRESS && !local)) &&
		    RTA_PAYLOAD(a) == addr_len(&addr))
			memcpy(addr.addr, RTA_DATA(a), RTA_PAYLOAD(a));
	}
	str_addf(out, " %s%s", broadcast ? "+" : "", addr_text(&addr, text));
}

static int add_addresses(int sock, int index, struct str *out, struct err *err)
{
	struct ifaddrmsg info = { 0 };
	struct rtnl_msg m;
	union {
		struct nlmsghdr head;
		uint8_t bytes[16384];
	} in;

	rtnl_start(&m, RTM_GETADDR, NLM_F_DUMP, &info, sizeof info);
	m.head.nlmsg_flags &= (uint16_t)~NLM_F_ACK;
	if (send(sock, m.bytes, m.head.nlmsg_len, 0) < 0)
		return err_sys(err, errno, "ask for addresses");
	for (;;) {
		ssize_t n = recv(sock, &in, sizeof in, 0);
		if (n < 0)
			return err_sys(err, errno, "hear of addresses");
		unsigned left = (unsigned)n;
		for (const struct nlmsghdr *h = &in.head; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				return 0;
			if (h->nlmsg_type == RTM_NEWADDR)
				add_address(h, index, out);
		}
	}
}

/* "phys: NAME INDEX-INSIDE INDEX up|down MTU MAC ADDRESS...", an address with a broadcast one begins with + */
static int describe(int sock, const struct net_nic *nic, const struct rtnl_link *l, struct str *out, struct err *err)
{
	const uint8_t *m = l->mac;

	str_addf(out, PHYS_LINE " %s %u %d %s %u " MAC, nic->link, nic->number, l->index, l->flags & IFF_UP ? "up" : "down",
		 l->mtu, m[0], m[1], m[2], m[3], m[4], m[5]);
	return add_addresses(sock, l->index, out, err);
}

/* --- in ------------------------------------------------------------------------------------------------------------- */

static bool has_it(const struct store *store, const char *name, const char *link)
{
	autofree char *wanted = str_fmt(" " PHYS_LINE " %s ", link), *text = NULL;
	autoclose int rundir = store_runtime(store, name, false, NULL);

	return wanted && rundir >= 0 && file_read_at(rundir, RECORD, RECORD_MAX, &text, NULL, NULL) == 0 &&
	       strstr(text, wanted);
}

static int absent(const struct store *store, const char *link, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };

	store_list(store, &names, NULL);
	for (size_t i = 0; i < names.n; i++)
		if (has_it(store, names.v[i], link))
			return err_set(err, EBUSY, "interface '%s' is in container '%s' now", link, names.v[i]);
	return err_set(err, ENODEV, "interface '%s' does not exist", link);
}

static int move(int sock, int index, int netns, const char *name, uint32_t new_index, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	rtnl_put_u32(&m, IFLA_NET_NS_FD, (uint32_t)netns);
	rtnl_put_str(&m, IFLA_IFNAME, name);
	if (new_index)
		rtnl_put_u32(&m, IFLA_NEW_IFINDEX, new_index);
	return rtnl_talk(sock, &m, err);
}

static int set(int sock, int index, uint32_t mtu, const uint8_t *mac, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnl_msg m;

	if (!mtu && !mac)
		return 0;
	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	if (mtu)
		rtnl_put_u32(&m, IFLA_MTU, mtu);
	if (mac)
		rtnl_put(&m, IFLA_ADDRESS, mac, 6);
	return rtnl_talk(sock, &m, err);
}

static int write_down(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *link,
		      const struct net_record *record, struct err *err)
{
	autocall(str_done) struct str line = { 0 };
	int r = describe(s->host, nic, link, &line, err);

	if (r >= 0 && line.failed)
		r = err_nomem(err);
	if (r >= 0)
		r = nic_pin(s, record, err);
	return r < 0 ? r : record->fn(record->data, str_text(&line), err);
}

int phys_make(const struct sides *s, const struct net_nic *nic, const struct store *store, const struct net_record *record,
	      struct err *err)
{
	struct rtnl_link link;
	int r = rtnl_find(s->host, nic->link, &link, err);

	if (r == -ENODEV)
		return absent(store, nic->link, err);
	if (r >= 0 && link.master)
		return err_set(err, EBUSY, "interface '%s' belongs to a bridge or bond of the host", nic->link);
	if (r >= 0)
		r = write_down(s, nic, &link, record, err);
	if (r >= 0)
		r = move(s->host, link.index, s->netns, nic->name, nic->number, err);
	if (r >= 0)
		r = set(s->guest, (int)nic->number, nic->mtu, nic->has_mac ? nic->mac : NULL, err);
	return r < 0 ? err_wrap(err, "move interface '%s' into the container", nic->link) : 0;
}

/* --- out ------------------------------------------------------------------------------------------------------------ */

struct was {
	char name[16], state[8];
	unsigned inside, index, mtu;
	uint8_t mac[6];
	const char *addresses;
};

static int read_line(const char *line, struct was *w)
{
	uint8_t *m = w->mac;
	int n = 0;

	if (sscanf(line, PHYS_LINE " %15s %u %u %7s %u %hhx:%hhx:%hhx:%hhx:%hhx:%hhx%n", w->name, &w->inside, &w->index,
		   w->state, &w->mtu, &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &n) != 11 ||
	    !n)
		return -EBADMSG;
	w->addresses = line + n;
	return 0;
}

static bool exists(int sock, unsigned index)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	return rtnl_talk(sock, &m, NULL) != -ENODEV;
}

/* Out of the kept namespace, if it is still in there. */
static int move_out(int rundir, const struct was *w, struct err *err)
{
	autoclose int netns = nic_pinned(rundir);
	autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	autoclose int guest = netns < 0 ? netns : rtnl_open(netns, NULL);
	int r;

	if (guest < 0 || !exists(guest, w->inside)) /* or the machine has been started anew since */
		return 0;
	r = move(guest, (int)w->inside, own, w->name, w->index, NULL);
	if (r < 0) /* its index is another's by now */
		r = move(guest, (int)w->inside, own, w->name, 0, err);
	return r < 0 ? err_wrap(err, "move interface '%s' back", w->name) : 0;
}

static int add_back(int sock, int index, const char *text, struct err *err)
{
	struct nic_addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	struct ifaddrmsg info = { .ifa_family = addr.family, .ifa_index = (uint32_t)index };
	char plain[INET6_ADDRSTRLEN];
	bool broadcast = *text == '+';
	struct rtnl_msg m;
	unsigned prefix;
	int r;

	text += broadcast;
	if (sscanf(text, "%45[^/]/%u", plain, &prefix) != 2 || inet_pton(addr.family, plain, addr.addr) != 1)
		return -EBADMSG;
	info.ifa_prefixlen = (uint8_t)prefix;
	rtnl_start(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
	rtnl_put(&m, IFA_LOCAL, addr.addr, addr_len(&addr));
	rtnl_put(&m, IFA_ADDRESS, addr.addr, addr_len(&addr));
	if (broadcast && prefix < 31) {
		uint32_t last;
		memcpy(&last, addr.addr, sizeof last);
		last |= htonl(UINT32_MAX >> prefix);
		rtnl_put(&m, IFA_BROADCAST, &last, sizeof last);
	}
	r = rtnl_talk(sock, &m, err);
	return r == -EEXIST ? 0 : r;
}

static int set_state(int sock, int index, bool up, struct err *err)
{
	struct ifinfomsg info = { .ifi_index = index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	return rtnl_talk(sock, &m, err);
}

int phys_back(int rundir, const char *line, struct err *err)
{
	autofree char *addresses = NULL;
	autoclose int host = -1;
	struct was w = { 0 };
	struct rtnl_link link;
	char *save = NULL;
	int r = read_line(line, &w);

	if (r < 0)
		return err_set(err, EBADMSG, "'%s' tells of no interface", line);
	r = move_out(rundir, &w, err);
	if (r >= 0)
		r = host = rtnl_open(-1, err);
	if (r < 0)
		return r;
	if (rtnl_find(host, w.name, &link, NULL) < 0) {
		log_warn("interface '%s' is gone", w.name);
		return 0;
	}
	r = set(host, link.index, w.mtu, memcmp(w.mac, link.mac, 6) != 0 ? w.mac : NULL, err);
	addresses = strdup(w.addresses);
	for (char *a = addresses ? strtok_r(addresses, " ", &save) : NULL; a && r >= 0; a = strtok_r(NULL, " ", &save))
		r = add_back(host, link.index, a, err);
	if (r >= 0)
		r = set_state(host, link.index, str_eq(w.state, "up"), err);
	return r < 0 ? err_wrap(err, "set interface '%s' as it was", w.name) : 0;
}
