/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What redirect*.c share. Ports and addresses are in network byte order. */
#ifndef MGR_NETD_REDIRECT_INTERNAL_H
#define MGR_NETD_REDIRECT_INTERNAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define REDIRECT_NAME "mgr_redirect" /* of the program and its maps */

/* Where a port leads: what there is in the map of ports, whose key is the port. */
struct redirect_target {
	struct in6_addr guest; /* an IPv4 one mapped, */
	uint32_t source;       /* and the host's to send from; 0: whichever the kernel takes */
	uint32_t port;
	uint32_t used; /* somebody has been sent there */
};

/* And in the map of sockets, of those that were sent on. One may have gone elsewhere since. */
struct redirect_sent {
	struct in6_addr guest;
	uint32_t port;
	uint32_t wanted; /* port of ::1 */
};

struct redirect_maps {
	int ports, sockets;
};

/* redirect_program.c: the descriptor, or -errno. cookie: of the network namespace. */
int redirect_program_load(const struct redirect_maps *maps, uint64_t cookie);

/* redirect_end.c. Can connections be ended here? 0 or -errno. */
int redirect_can_end(void);
/* End those that were sent on, and whose port leads there no more. */
typedef bool redirect_leads_fn(const void *data, const struct redirect_sent *sent);
int redirect_end(int sockets, redirect_leads_fn *leads, const void *data);

#endif
