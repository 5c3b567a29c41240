/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What no rule can forward is handed on from here, and the container sees it come from the gateway: what is sent to the
 * host's ::1, which the kernel does not route, and to a unix socket. The socket that holds the port, or path, takes it in.
 */
#ifndef MGR_NETD_RELAY_H
#define MGR_NETD_RELAY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"
#include "netd/nft.h"

struct relay;

/* Has it a socket that serves ::1? */
bool relay_wanted(const struct nft_element *element);
/* held: the socket, which listens, and stays the caller's. NULL with err. */
struct relay *relay_new(struct loop *loop, int held, const struct nft_element *element, struct err *err);
/* guest: its address, an IPv4 one mapped. */
struct relay *relay_new_unix(struct loop *loop, int held, const struct in6_addr *guest, uint16_t port, struct err *err);
/* Calls fn when a connection has been taken in and is on its way to the guest. */
void relay_tell(struct relay *relay, void (*fn)(void *data), void *data);
/* Ends its connections. Takes NULL. */
void relay_free(struct relay *relay);

#endif
