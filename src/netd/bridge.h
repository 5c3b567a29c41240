/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The managed bridge: the containers' switch, and their gateway by its address. */
#ifndef MGR_NETD_BRIDGE_H
#define MGR_NETD_BRIDGE_H

#include <netinet/in.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"

struct bridge {
	char name[16];
	struct in_addr net, gateway;
	unsigned prefix;
	bool has6;
	struct in6_addr net6, gateway6; /* a /64 */
	const char *why6;               /* why it has none */
};

/* -EADDRINUSE when a route of the host, not the bridge's own, overlaps the subnet, naming the route. */
int bridge_check(const struct bridge *bridge, struct err *err);
/* Is it there? -EEXIST when there is an interface of that name which mgr has not made. */
int bridge_is_ours(const struct bridge *bridge, struct err *err);
/* Make what is missing of it: the bridge, up, with its address and settings. */
int bridge_make(const struct bridge *bridge, struct err *err);
/* Frames to 01:80:c2:00:00:0X are as any others (LLDP's, say): they pass the bridge's table instead of going to the host
 * around it, and without having passed it they are no place of a MAC that the bridge learns. Of 00 to 02 the ports are told
 * (net/port.c): the bridge is not to know. */
struct nl_sock;
int bridge_set_reserved(struct nl_sock *sock, const char *name, struct err *err);
/* Absent is 0. */
int bridge_remove(const struct bridge *bridge, struct err *err);

/* Calls fn when somebody has removed the bridge or its address, or given one to another interface. */
struct bridge_watch;
struct bridge_watch *bridge_watch_new(const struct bridge *bridge, struct loop *loop, void (*fn)(void *data), void *data,
				      struct err *err);
/* Is the bridge of this name another one than when the watch began? */
bool bridge_watch_other(const struct bridge_watch *watch);
void bridge_watch_free(struct bridge_watch *watch);

#endif
