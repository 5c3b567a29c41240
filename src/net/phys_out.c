/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An interface of the host, out of the container and as it was. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/nested.h"
#include "net/nic.h"
#include "net/phys.h"
#include "net/record.h"

#define RETURN_TIME (2 * CLOCK_SECOND)

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

static bool has_it(void *data, int netns)
{
	autoclose int sock = rtnl_open(netns, NULL);
	struct rtnl_link link;

	return sock >= 0 && phys_find(sock, data, &link, NULL) == 0;
}

/* In the kept namespace, or another one inside: a socket there. -ENODEV: in none. */
static int find_inside(int rundir, int pidns, struct phys *w, struct rtnl_link *ret, struct err *err)
{
	autoclose int netns = nic_pinned(rundir); /* none: the machine has been started anew since, perhaps */
	autoclose int guest = netns < 0 ? netns : rtnl_open(netns, NULL);
	autoclose int nested = -1, there = -1;
	int r = guest < 0 ? -ENODEV : phys_find(guest, w, ret, err);

	if (r != -ENODEV)
		return r < 0 ? r : steal_fd(&guest);
	nested = nested_find(pidns, has_it, w);
	there = nested < 0 ? -ENODEV : rtnl_open(nested, err);
	r = there < 0 ? there : phys_find(there, w, ret, err);
	return r < 0 ? r : steal_fd(&there);
}

/* 1, or 0 when it is not in there any more. */
static int move_out(int rundir, int pidns, struct phys *w, struct err *err)
{
	struct rtnl_link link;
	autoclose int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	autoclose int there = find_inside(rundir, pidns, w, &link, err);
	int r = there == -ENODEV ? 0 : there;

	if (there < 0)
		return r;
	r = check_name_free(w->name, err);
	if (r < 0)
		return r;
	if (w->is_whole)
		phys_drop_altnames(there, link.index);
	r = phys_move(there, link.index, own, w->name, w->index, phys_group(w), NULL);
	if (r < 0) /* its index is another's by now */
		r = phys_move(there, link.index, own, w->name, 0, phys_group(w), err);
	return r < 0 ? err_wrap(err, "move interface '%s' back", w->name) : 1;
}

static bool is_inside(int guest, const char *line)
{
	autocall(phys_done) struct phys w = { 0 };
	struct rtnl_link link;

	return phys_read(line, &w) == 0 && phys_find(guest, &w, &link, NULL) != -ENODEV;
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

/* --- what was moved to a namespace that has ended ---------------------------------------------------------------------- */

/* Under its own name. */
static int rename_back(int host, const struct phys *w, struct rtnl_link *link, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = link->index };
	struct rtnl_link named;
	struct rtnl_msg m;
	int r;

	if (rtnl_find(host, w->name, &named, NULL) == 0 && named.index == link->index)
		return 0;
	r = check_name_free(w->name, err);
	if (r >= 0)
		r = set_state(host, link->index, false, err);
	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	rtnl_put_str(&m, IFLA_IFNAME, w->name);
	return r < 0 ? r : rtnl_talk(host, &m, err);
}

/* The kernel does it when nothing holds the namespace any more: a moment after its last process, or a minute when a
 * connection still says farewell. */
static int await_return(int host, const struct phys *w, struct rtnl_link *ret, struct err *err)
{
	autoclose int watch = rtnl_open_watch(err);
	const uint64_t deadline = clock_in(RETURN_TIME);
	char message[16384];
	int r = watch;

	while (watch >= 0 && (r = phys_find(host, w, ret, err)) == -ENODEV && fd_wait(watch, POLLIN, deadline) == 0)
		while (recv(watch, message, sizeof message, MSG_DONTWAIT) > 0)
			;
	return r;
}

/* It is not where it was put: 1 when it is on the host, 0 when it is nowhere. */
static int find_on_host(int host, bool lives, const struct phys *w, struct rtnl_link *ret, struct err *err)
{
	int r = rtnl_find(host, w->name, ret, NULL);

	/* its number tells it from one that somebody made under its name */
	if (r >= 0 && ret->index == (int)w->index)
		return 1;
	r = phys_find(host, w, ret, err);
	if (r == -ENODEV && phys_is_plugged(w) && lives)
		return err_set(err, EBUSY,
			       "interface '%s' is not in the container's network namespace any more, nor in one of its "
			       "processes': move it back there, or stop the container",
			       w->name);
	if (r == -ENODEV && phys_is_plugged(w))
		r = await_return(host, w, ret, err);
	if (r == -ENODEV && phys_is_plugged(w))
		return err_set(
			err, EBUSY,
			"interface '%s' has not come back yet: it was moved to a network namespace inside, and comes when "
			"the kernel has ended that: try again",
			w->name);
	if (r == -ENODEV)
		log_warn("interface '%s' is gone", w->name);
	if (r >= 0)
		r = rename_back(host, w, ret, err);
	return r == -ENODEV ? 0 : r < 0 ? err_wrap(err, "take interface '%s' back", w->name) : 1;
}

int phys_back(int rundir, int pidns, const char *line, struct err *err)
{
	autocall(phys_done) struct phys w = { 0 };
	autoclose int host = -1;
	struct rtnl_link link;
	int r;

	if (phys_read(line, &w) < 0)
		return err_set(err, EBADMSG, "'%s' tells of no interface", line);
	r = move_out(rundir, pidns, &w, err);
	debug_point("phys", "out");
	if (r < 0)
		return r;
	host = rtnl_open(-1, err);
	if (host < 0)
		return host;
	if (r == 0) {
		r = find_on_host(host, pidns >= 0, &w, &link, err);
		if (r <= 0)
			return r;
	} else if (rtnl_find(host, w.name, &link, err) < 0) {
		return err_wrap(err, "find interface '%s'", w.name);
	}
	return restore(host, &link, &w, err);
}
