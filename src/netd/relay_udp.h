/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Datagrams to the host's ::1 (private to relay*.c): a socket to the container for each that asks, as long as something is
 * said. */
#ifndef MGR_NETD_RELAY_UDP_H
#define MGR_NETD_RELAY_UDP_H

#include <netinet/in.h>

#include "base/err.h"
#include "base/loop.h"

struct relay_udp;

struct relay_udp *relay_udp_new(struct loop *loop, int held, const struct sockaddr_in6 *guest, struct err *err);
void relay_udp_free(struct relay_udp *relay);

#endif
