/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "netd/bridge.h"

#define SETTLE (20 * CLOCK_MS)

struct bridge_watch {
	char name[16];
	unsigned index;
	struct nl_sock *sock;
	struct loop *loop;
	struct loop_io *io;
	struct loop_timer timer;
};

/* A bridge that is deleted loses its address first. To hear of interfaces too would cost each start the thirty messages that
 * the kernel then has to write about its veth. */
static int examine(struct nl_msg *msg, void *data)
{
	const struct nlmsghdr *h = nlmsg_hdr(msg);
	struct bridge_watch *w = data;

	const struct ifaddrmsg *addr = nlmsg_data(h);
	bool own = addr->ifa_index == w->index;

	if ((h->nlmsg_type == RTM_DELADDR && own) ||
	    (h->nlmsg_type == RTM_NEWADDR && !own && addr->ifa_scope == RT_SCOPE_UNIVERSE))
		loop_timer_start(w->loop, &w->timer, clock_in(SETTLE));
	return NL_OK;
}

static void hear(void *data, uint32_t events)
{
	struct bridge_watch *w = data;
	int r = nl_recvmsgs_default(w->sock);

	(void)events;
	if (r < 0 && r != -NLE_AGAIN && r != -NLE_INTR) /* some were lost: look, to be sure */
		loop_timer_start(w->loop, &w->timer, clock_in(SETTLE));
}

static int subscribe(struct bridge_watch *w)
{
	nl_socket_disable_seq_check(w->sock);
	if (nl_socket_modify_cb(w->sock, NL_CB_VALID, NL_CB_CUSTOM, examine, w) < 0 ||
	    nl_connect(w->sock, NETLINK_ROUTE) < 0 || nl_socket_set_nonblocking(w->sock) < 0 ||
	    nl_socket_add_memberships(w->sock, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, 0) < 0)
		return -EIO;
	w->io = loop_io_add(w->loop, nl_socket_get_fd(w->sock), EPOLLIN, hear, w);
	return w->io ? 0 : -errno;
}

struct bridge_watch *bridge_watch_new(const struct bridge *bridge, struct loop *loop, void (*fn)(void *data), void *data,
				      struct err *err)
{
	struct bridge_watch *w = calloc(1, sizeof *w);

	if (!w) {
		err_nomem(err);
		return NULL;
	}
	w->loop = loop;
	memcpy(w->name, bridge->name, sizeof w->name);
	w->index = if_nametoindex(w->name);
	w->timer = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = fn, .data = data };
	w->sock = nl_socket_alloc();
	if (!w->sock || subscribe(w) < 0) {
		err_set(err, EIO, "watch bridge '%s'", bridge->name);
		bridge_watch_free(w);
		return NULL;
	}
	return w;
}

bool bridge_watch_other(const struct bridge_watch *w)
{
	return if_nametoindex(w->name) != w->index;
}

void bridge_watch_free(struct bridge_watch *w)
{
	if (!w)
		return;
	loop_io_remove(w->loop, w->io);
	loop_timer_stop(w->loop, &w->timer);
	nl_socket_free(w->sock);
	free(w);
}
