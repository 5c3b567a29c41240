/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An interface of the host, out of the container and as it was. */
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
#include "net/nic.h"
#include "net/phys.h"
#include "net/record.h"

/* What is of another kind is the container's own, under its number. Nobody there can make one that has no kind. */
static int find_in(int sock, const struct phys *w, struct rtnl_link *ret)
{
	int r = rtnl_find_index(sock, (int)w->inside, ret, NULL);

	return r >= 0 && w->has_kind && !str_eq(ret->kind, w->kind) ? -ENODEV : r;
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
static int move_out(int rundir, const struct phys *w, struct err *err)
{
	autoclose int netns = nic_pinned(rundir);
	autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	autoclose int guest = netns < 0 ? netns : rtnl_open(netns, NULL);
	struct rtnl_link link;
	int r;

	if (guest < 0 || find_in(guest, w, &link) == -ENODEV) /* or the machine has been started anew since */
		return 0;
	r = check_name_free(w->name, err);
	if (r < 0)
		return r;
	if (w->is_whole)
		phys_drop_altnames(guest, (int)w->inside);
	r = phys_move(guest, (int)w->inside, own, w->name, w->index, phys_group(w), NULL);
	if (r < 0) /* its index is another's by now */
		r = phys_move(guest, (int)w->inside, own, w->name, 0, phys_group(w), err);
	return r < 0 ? err_wrap(err, "move interface '%s' back", w->name) : 1;
}

static bool is_inside(int guest, const char *line)
{
	autocall(phys_done) struct phys w = { 0 };
	struct rtnl_link link;

	return phys_read(line, &w) == 0 && find_in(guest, &w, &link) != -ENODEV;
}

bool phys_inside(int rundir)
{
	autocall(strv_done) struct strv lines = { 0 };
	autoclose int netns = nic_pinned(rundir);
	autoclose int guest = netns < 0 ? netns : rtnl_open(netns, NULL);
	bool inside;

	if (guest < 0)
		return false;
	inside = record_list(rundir, PHYS_LINE, &lines) < 0;
	for (size_t i = 0; i < lines.n && !inside; i++)
		inside = is_inside(guest, lines.v[i]);
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

static int restore(int host, const struct rtnl_link *link, const struct phys *w, struct err *err)
{
	int r = phys_set(host, link->index, w->mtu, memcmp(w->mac, link->mac, 6) != 0 ? w->mac : NULL, err);

	if (r >= 0)
		phys_restore(host, link, w);
	for (size_t i = 0; i < w->addresses.n && r >= 0; i++)
		r = add_back(host, link->index, w->addresses.v[i], err);
	debug_point("phys", "set");
	if (r >= 0)
		r = set_state(host, link->index, w->up, err);
	return r < 0 ? err_wrap(err, "set interface '%s' as it was", w->name) : 0;
}

int phys_back(int rundir, const char *line, struct err *err)
{
	autocall(phys_done) struct phys w = { 0 };
	autoclose int host = -1;
	struct rtnl_link link;
	int moved;

	if (phys_read(line, &w) < 0)
		return err_set(err, EBADMSG, "'%s' tells of no interface", line);
	moved = move_out(rundir, &w, err);
	debug_point("phys", "out");
	if (moved < 0)
		return moved;
	host = rtnl_open(-1, err);
	if (host < 0)
		return host;
	/* its number tells it from one that somebody made under its name */
	if (rtnl_find(host, w.name, &link, NULL) < 0 || (!moved && link.index != (int)w.index)) {
		log_warn("interface '%s' is gone", w.name);
		return 0;
	}
	return restore(host, &link, &w, err);
}
