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
#include "base/debug.h"
#include "base/log.h"
#include "net/addr.h"
#include "net/nic.h"
#include "net/phys.h"
#include "net/record.h"

/* --- what it is like ------------------------------------------------------------------------------------------------ */

/* Addresses that somebody set; the kernel makes the others again by itself. */
static void add_address(const struct nlmsghdr *h, void *data)
{
	autocall(str_done) struct str text = { 0 };
	struct phys *to = data;
	struct nic_addr addr;
	struct rtnl_addr a;
	char plain[NIC_ADDR_TEXT];

	rtnl_read_addr(h, &a);
	if (a.index != (int)to->index || !(a.flags & IFA_F_PERMANENT) || (a.family == AF_INET6 && a.scope == RT_SCOPE_LINK))
		return;
	addr = (struct nic_addr){ .family = a.family, .prefix = a.prefix };
	memcpy(addr.addr, a.local, sizeof addr.addr);
	str_addf(&text, "%s%s", a.broadcast ? "+" : "", addr_text(&addr, plain));
	memcpy(addr.addr, a.peer, sizeof addr.addr);
	if (memcmp(a.peer, a.local, sizeof a.peer) != 0)
		str_addf(&text, "=%s", addr_text(&addr, plain));
	to->failed |= text.failed || strv_take(&to->addresses, str_steal(&text)) < 0;
}

static int describe(int sock, const struct net_nic *nic, const struct rtnl_link *l, struct str *out, struct err *err)
{
	autocall(phys_done) struct phys p = { .inside = nic->number };
	int r = phys_look(sock, l, &p, err);

	if (r >= 0 && rtnl_each_addr(sock, add_address, &p, err) < 0)
		return err_wrap(err, "list addresses");
	if (r >= 0)
		phys_print(&p, out);
	if (r >= 0 && (p.failed || out->failed))
		return err_nomem(err);
	return r < 0 ? r : 0;
}

/* --- in ------------------------------------------------------------------------------------------------------------- */

/* The host's end of a veth, or what a rate needs. */
static bool nic_is_anothers(const char *link, const struct store *store, int rundir, struct err *err)
{
	autofree char *line = str_fmt(" %s\n", link);
	char name[STORE_NAME_MAX + 1];

	if (!line || !record_holder(store, line, rundir, name))
		return false;
	err_set(err, EBUSY, "interface '%s' is container '%s''s, its end on the host", link, name);
	return true;
}

static int absent(const struct store *store, const char *link, struct err *err)
{
	autofree char *wanted = str_fmt(" " PHYS_LINE " %s ", link);
	char name[STORE_NAME_MAX + 1];

	if (wanted && record_holder(store, wanted, -1, name))
		return err_set(err, EBUSY, "interface '%s' is in container '%s' now", link, name);
	return err_set(err, ENODEV, "interface '%s' does not exist", link);
}

int phys_move(int sock, int index, int netns, const char *name, uint32_t new_index, uint32_t group, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnl_msg m;

	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	rtnl_put_u32(&m, IFLA_NET_NS_FD, (uint32_t)netns);
	rtnl_put_u32(&m, IFLA_GROUP, group);
	rtnl_put_str(&m, IFLA_IFNAME, name);
	if (new_index)
		rtnl_put_u32(&m, IFLA_NEW_IFINDEX, new_index);
	return rtnl_talk(sock, &m, err);
}

int phys_set(int sock, int index, uint32_t mtu, const uint8_t *mac, struct err *err)
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

/* Root of the container can make one of any number, and the undo would take it for the host's. */
static int check_number_free(const struct sides *s, const struct net_nic *nic, struct err *err)
{
	struct rtnl_link other;

	if (rtnl_find_index(s->guest, (int)nic->number, &other, NULL) == -ENODEV)
		return 0;
	return err_set(err, EEXIST, "the container has an interface with the number %u already, which is to be net.%u's",
		       nic->number, nic->index);
}

static int write_down(const struct sides *s, const struct net_nic *nic, const struct rtnl_link *link,
		      const struct net_record *record, struct err *err)
{
	autocall(str_done) struct str line = { 0 };
	int r = describe(s->host, nic, link, &line, err);

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
	if (r >= 0 && nic_is_anothers(nic->link, store, record->rundir, err))
		return -EBUSY;
	if (r >= 0 && link.master)
		return err_set(err, EBUSY, "interface '%s' belongs to a bridge or bond of the host", nic->link);
	if (r >= 0 && check_number_free(s, nic, err) < 0)
		return -EEXIST;
	if (r >= 0)
		r = write_down(s, nic, &link, record, err);
	debug_point("phys", "written");
	if (r >= 0)
		r = phys_move(s->host, link.index, s->netns, nic->name, nic->number, link.group, err);
	debug_point("phys", "moved");
	if (r >= 0 && phys_set(s->guest, (int)nic->number, nic->mtu, NULL, err) < 0)
		return err_wrap(err, "net.%u.mtu: %u", nic->index, nic->mtu);
	if (r >= 0 && phys_set(s->guest, (int)nic->number, 0, nic->has_mac ? nic->mac : NULL, err) < 0)
		return err_wrap(err, "net.%u.hwaddr", nic->index);
	return r < 0 ? err_wrap(err, "move interface '%s' into the container", nic->link) : 0;
}
