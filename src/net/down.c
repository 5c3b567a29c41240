/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deleting a veth. The kernel unlists a device and tells so within a millisecond or two, and then keeps the caller for 10 to
 * 40 more (rcu_barrier in netdev_run_todo): a child stays for that. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "net/nic.h"

#define DELETE_WAIT (2 * CLOCK_SECOND)

/* By index: another of the same name may have been made meanwhile. */
static int delete_link(int sock, int index, const char *name, struct err *err)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnl_msg m;
	int r;

	rtnl_start(&m, RTM_DELLINK, 0, &info, sizeof info);
	r = rtnl_talk(sock, &m, err);
	if (r == -ENODEV)
		err_clear(err);
	return r < 0 && r != -ENODEV ? err_wrap(err, "delete veth '%s'", name) : 0;
}

int veth_delete_now(int sock, const char *name, struct err *err)
{
	struct rtnl_link old;
	int r = rtnl_find(sock, name, &old, err);

	if (r == -ENODEV)
		err_clear(err);
	return r == -ENODEV ? 0 : r < 0 ? r : delete_link(sock, old.index, name, err);
}

/* A child with no descriptor but its socket; init gets it in the end. */
static int delete_apart(int sock, int index, const char *name, struct err *err)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		if (dup2(sock, 0) == 0)
			sys_close_range(1, ~0U, 0);
		_exit(delete_link(0, index, name, NULL) < 0);
	}
	return pid < 0 ? delete_link(sock, index, name, err) : 0;
}

/* Does one of these messages say that the device is gone? (Family AF_BRIDGE: it has left its bridge.) */
static bool tells_end(const uint8_t *bytes, size_t n, int index)
{
	for (size_t at = 0; at + NLMSG_LENGTH(sizeof(struct ifinfomsg)) <= n;) {
		const struct nlmsghdr *h = (const void *)(bytes + at);
		const struct ifinfomsg *info = NLMSG_DATA(h);
		if (h->nlmsg_len < NLMSG_LENGTH(sizeof *info) || h->nlmsg_len > n - at)
			return false;
		if (h->nlmsg_type == RTM_DELLINK && info->ifi_index == index && info->ifi_family == AF_UNSPEC)
			return true;
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return false;
}

/* Until the kernel says so, or (when some of its messages were lost) the device is not found. */
static int wait_gone(int watch, int sock, int index, const char *name, struct err *err)
{
	uint64_t deadline = clock_in(DELETE_WAIT);
	union {
		struct nlmsghdr head;
		uint8_t bytes[16384];
	} in;
	struct rtnl_link link;

	while (fd_wait(watch, POLLIN, deadline) == 0) {
		ssize_t n = recv(watch, &in, sizeof in, MSG_DONTWAIT);
		if (n > 0 && tells_end(in.bytes, (size_t)n, index))
			return 0;
		if (n < 0 && errno == ENOBUFS && (rtnl_find(sock, name, &link, NULL) == -ENODEV || link.index != index))
			return 0;
	}
	if (rtnl_find(sock, name, &link, NULL) == -ENODEV || link.index != index)
		return 0;
	return err_set(err, ETIMEDOUT, "delete veth '%s': it is still there", name);
}

/* mac: that it was made with; NULL: whatever has the name. */
static int delete_veth(const char *veth, const uint8_t *mac, struct err *err)
{
	autoclose int sock = rtnl_open(-1, err);
	autoclose int watch = sock < 0 ? sock : rtnl_open_watch(err);
	struct rtnl_link link;
	int r = watch < 0 ? watch : rtnl_find(sock, veth, &link, err);

	if (r == -ENODEV) {
		err_clear(err);
		return 0;
	}
	if (r >= 0 && mac && memcmp(link.mac, mac, sizeof link.mac) != 0) {
		log_warn("interface '%s' is another's by now, by its hardware address: it is left alone", veth);
		return 0;
	}
	if (r >= 0)
		r = delete_apart(sock, link.index, veth, err);
	return r < 0 ? r : wait_gone(watch, sock, link.index, veth, err);
}

static int delete_named(const char *line, struct err *err)
{
	char name[16];
	uint8_t m[6];

	if (sscanf(line, VETH_LINE " %hhx:%hhx:%hhx:%hhx:%hhx:%hhx %15s", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], name) !=
	    7)
		return err_set(err, EBADMSG, "'%s' tells of no veth", line);
	return delete_veth(name, m, err);
}

/* Behind the number of the NIC that it belongs to, if it has one: an older record's have none. */
static const char *strip(const char *line)
{
	size_t n = strspn(line, "0123456789");

	return n && line[n] == ' ' ? line + n + 1 : line;
}

bool net_line_is_of(const char *line, unsigned nic)
{
	const char *own = strip(line);

	return own != line && strtoul(line, NULL, 10) == nic;
}

int net_down(int rundir, int pidns, const char *whole, struct err *err)
{
	const char *line = strip(whole);

	if (str_starts(line, PHYS_LINE))
		return rundir < 0 ? 0 : phys_back(rundir, pidns, line, err);
	if (str_starts(line, PIN_LINE))
		return rundir < 0 ? 0 : nic_unpin(rundir, err);
	if (str_starts(line, UPPER_LINE) || str_starts(line, UPPER_OLD_LINE))
		return rundir < 0 ? 0 : upper_remove(rundir, pidns, line, err);
	if (str_starts(line, ROUTE_LINE))
		return route_remove(line, err);
	if (str_starts(line, VETH_LINE))
		return delete_named(line, err);
	return delete_veth(line, NULL, err);
}
