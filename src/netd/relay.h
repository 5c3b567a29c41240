/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's ::1: the kernel routes nothing from it, so that no rule can forward what is sent there. The socket that holds
 * the port takes it in, and it is handed on from here; the container sees it come from the gateway. */
#ifndef MGR_NETD_RELAY_H
#define MGR_NETD_RELAY_H

#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"
#include "netd/nft.h"

struct relay;

bool relay_wanted(const struct nft_element *element);
/* held: the socket, which listens, and stays the caller's. NULL with err. */
struct relay *relay_new(struct loop *loop, int held, const struct nft_element *element, struct err *err);
/* Ends its connections. Takes NULL. */
void relay_free(struct relay *relay);

#endif
