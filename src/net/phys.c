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
#include "net/record.h"

#define KIND "kind="
#define MAC  "%02x:%02x:%02x:%02x:%02x:%02x"

/* --- what it is like ------------------------------------------------------------------------------------------------ */

/* Of which interface, and where they are written. */
struct listing {
	int index;
	struct str *out;
};

/* Addresses that somebody set; the kernel makes the others again by itself. */
static void add_address(const struct nlmsghdr *h, void *data)
{
	const struct listing *to = data;
	struct nic_addr addr;
	struct rtnl_addr a;
	char text[NIC_ADDR_TEXT];

	rtnl_read_addr(h, &a);
	if (a.index != to->index || !(a.flags & IFA_F_PERMANENT) || (a.family == AF_INET6 && a.scope == RT_SCOPE_LINK))
		return;
	addr = (struct nic_addr){ .family = a.family, .prefix = a.prefix };
	memcpy(addr.addr, a.local, sizeof addr.addr);
	str_addf(to->out, " %s%s", a.broadcast ? "+" : "", addr_text(&addr, text));
	memcpy(addr.addr, a.peer, sizeof addr.addr);
	if (memcmp(a.peer, a.local, sizeof a.peer) != 0)
		str_addf(to->out, "=%s", addr_text(&addr, text));
}

static int add_addresses(int sock, int index, struct str *out, struct err *err)
{
	struct listing listing = { index, out };

	return rtnl_each_addr(sock, add_address, &listing, err) < 0 ? err_wrap(err, "list addresses") : 0;
}

/* "phys: NAME INDEX-INSIDE INDEX up|down MTU MAC kind=KIND ADDRESS...", an address with a broadcast one begins with +, one
 * of a point-to-point link is LOCAL=PEER, each with its prefix */
static int describe(int sock, const struct net_nic *nic, const struct rtnl_link *l, struct str *out, struct err *err)
{
	const uint8_t *m = l->mac;

	str_addf(out, PHYS_LINE " %s %u %d %s %u " MAC " " KIND "%s", nic->link, nic->number, l->index,
		 l->flags & IFF_UP ? "up" : "down", l->mtu, m[0], m[1], m[2], m[3], m[4], m[5], l->kind);
	return add_addresses(sock, l->index, out, err);
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
		r = move(s->host, link.index, s->netns, nic->name, nic->number, err);
	debug_point("phys", "moved");
	if (r >= 0 && set(s->guest, (int)nic->number, nic->mtu, NULL, err) < 0)
		return err_wrap(err, "net.%u.mtu: %u", nic->index, nic->mtu);
	if (r >= 0 && set(s->guest, (int)nic->number, 0, nic->has_mac ? nic->mac : NULL, err) < 0)
		return err_wrap(err, "net.%u.hwaddr", nic->index);
	return r < 0 ? err_wrap(err, "move interface '%s' into the container", nic->link) : 0;
}

/* --- out ------------------------------------------------------------------------------------------------------------ */

struct was {
	char name[16], state[8];
	unsigned inside, index, mtu;
	uint8_t mac[6];
	bool has_kind; /* an older line tells none */
	char kind[32];
	const char *addresses;
};

static void read_kind(struct was *w)
{
	const char *kind = w->addresses + 1 + strlen(KIND);
	const size_t n = strcspn(kind, " ");

	str_print(w->kind, sizeof w->kind, "%.*s", (int)n, kind);
	w->has_kind = true;
	w->addresses = kind + n;
}

static int read_line(const char *line, struct was *w)
{
	uint8_t *m = w->mac;
	int n = 0;

	if (sscanf(line, PHYS_LINE " %15s %u %u %7s %u %hhx:%hhx:%hhx:%hhx:%hhx:%hhx%n", w->name, &w->inside, &w->index,
		   w->state, &w->mtu, &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &n) != 11 ||
	    !n)
		return -EBADMSG;
	w->addresses = line + n;
	w->has_kind = false;
	if (str_starts(w->addresses, " " KIND))
		read_kind(w);
	return 0;
}

/* What is of another kind is the container's own, under its number. Nobody there can make one that has no kind. */
static bool is_in(int sock, const struct was *w)
{
	struct rtnl_link link;
	int r = rtnl_find_index(sock, (int)w->inside, &link, NULL);

	return r < 0 ? r != -ENODEV : !w->has_kind || str_eq(link.kind, w->kind);
}

/* The kernel moves it under the name that it has inside, where the host has none of that name, and fails to rename it then.
 */
static int check_name_free(const char *name, struct err *err)
{
	autoclose int host = rtnl_open(-1, err);
	struct rtnl_link link;

	if (host < 0 || rtnl_find(host, name, &link, NULL) < 0)
		return host < 0 ? host : 0;
	return err_set(err, EEXIST,
		       "interface '%s' cannot come back: the host has another of that name: rename that one, then try again",
		       name);
}

/* Out of the kept namespace: 1, or 0 when it is not in there any more. */
static int move_out(int rundir, const struct was *w, struct err *err)
{
	autoclose int netns = nic_pinned(rundir);
	autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	autoclose int guest = netns < 0 ? netns : rtnl_open(netns, NULL);
	int r;

	if (guest < 0 || !is_in(guest, w)) /* or the machine has been started anew since */
		return 0;
	r = check_name_free(w->name, err);
	if (r < 0)
		return r;
	r = move(guest, (int)w->inside, own, w->name, w->index, NULL);
	if (r < 0) /* its index is another's by now */
		r = move(guest, (int)w->inside, own, w->name, 0, err);
	return r < 0 ? err_wrap(err, "move interface '%s' back", w->name) : 1;
}

bool phys_inside(int rundir)
{
	autocall(strv_done) struct strv lines = { 0 };
	autoclose int netns = nic_pinned(rundir);
	autoclose int guest = netns < 0 ? netns : rtnl_open(netns, NULL);
	bool inside = false;
	struct was w;

	if (guest < 0)
		return false;
	inside = record_list(rundir, PHYS_LINE, &lines) < 0;
	for (size_t i = 0; i < lines.n && !inside; i++)
		inside = read_line(lines.v[i], &w) == 0 && is_in(guest, &w);
	return inside;
}

static int read_address(const char *text, uint8_t addr[static 16], struct rtnl_addr *to)
{
	char plain[INET6_ADDRSTRLEN];
	unsigned prefix;

	to->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (sscanf(text, "%45[^/]/%u", plain, &prefix) != 2 || inet_pton(to->family, plain, addr) != 1)
		return -EBADMSG;
	to->prefix = (uint8_t)prefix;
	return 0;
}

static int add_back(int sock, int index, const char *text, struct err *err)
{
	struct rtnl_addr addr = { .index = index, .broadcast = *text == '+' };
	const char *peer = strchr(text, '=');
	struct rtnl_msg m;
	int r;

	text += addr.broadcast;
	if (read_address(text, addr.local, &addr) < 0 || read_address(peer ? peer + 1 : text, addr.peer, &addr) < 0)
		return -EBADMSG;
	rtnl_start_addr(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &addr);
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
	int r = read_line(line, &w), moved;

	if (r < 0)
		return err_set(err, EBADMSG, "'%s' tells of no interface", line);
	moved = move_out(rundir, &w, err);
	debug_point("phys", "out");
	if (moved < 0)
		return moved;
	r = host = rtnl_open(-1, err);
	if (r < 0)
		return r;
	/* its number tells it from one that somebody made under its name */
	if (rtnl_find(host, w.name, &link, NULL) < 0 || (!moved && link.index != (int)w.index)) {
		log_warn("interface '%s' is gone", w.name);
		return 0;
	}
	r = set(host, link.index, w.mtu, memcmp(w.mac, link.mac, 6) != 0 ? w.mac : NULL, err);
	addresses = strdup(w.addresses);
	for (char *a = addresses ? strtok_r(addresses, " ", &save) : NULL; a && r >= 0; a = strtok_r(NULL, " ", &save))
		r = add_back(host, link.index, a, err);
	debug_point("phys", "set");
	if (r >= 0)
		r = set_state(host, link.index, str_eq(w.state, "up"), err);
	return r < 0 ? err_wrap(err, "set interface '%s' as it was", w.name) : 0;
}
