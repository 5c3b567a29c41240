/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who connects to a port of the host's ::1 by TCP is sent to the container as it connects: a program at connect(2)
 * (BPF_CGROUP_INET6_CONNECT) has the container's address take the place of ::1, and nobody stands in between. It is asked in
 * this network namespace alone, and goes with mgr-netd; connections stay. relay.h serves whoever it does not: sockets that
 * have a source address or interface already, and a kernel that has not what it takes (before Linux 5.14).
 */
#ifndef MGR_NETD_REDIRECT_H
#define MGR_NETD_REDIRECT_H

#include <netinet/in.h>

#include "base/err.h"
#include "base/loop.h"

struct redirect;

/* NULL with err. Until its process ends: with that what it has attached goes too. */
struct redirect *redirect_new(struct loop *loop, struct err *err);

/* Ports in host byte order; one that there is already leads elsewhere from now on. guest: an IPv4 address mapped; gateway:
 * the host's on its network, which it sees then. Both take NULL. 0 or -errno. */
int redirect_add(struct redirect *redirect, uint16_t port, const struct in6_addr *guest, uint16_t target,
		 struct in_addr gateway);
/* Absent is fine. Connections that have gone this way end, a moment later. */
void redirect_del(struct redirect *redirect, uint16_t port);

#endif
