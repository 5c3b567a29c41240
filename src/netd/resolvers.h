/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's resolvers, and when they change. */
#ifndef MGR_NETD_RESOLVERS_H
#define MGR_NETD_RESOLVERS_H

#include "base/err.h"
#include "base/loop.h"

/* The file that names them: the host's resolv.conf, or, where that leads to systemd-resolved's stub, the one behind it. */
const char *resolvers_file(void);

/* Calls fn soon after that may have changed. (dnsmasq watches only the file's folder: it does not see a change to a file
 * that is mounted on its place.) */
struct resolvers_watch;
struct resolvers_watch *resolvers_watch_new(struct loop *loop, void (*fn)(void *data), void *data, struct err *err);
void resolvers_watch_free(struct resolvers_watch *watch);

#endif
