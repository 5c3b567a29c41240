/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talking to the kernel's nftables (private to those who do). */
#ifndef MGR_NETD_NFT_SOCKET_H
#define MGR_NETD_NFT_SOCKET_H

#include <libmnl/libmnl.h>

#include "base/err.h"

/* NULL with err. flags: SOCK_NONBLOCK, or 0. */
struct mnl_socket *nft_socket(int flags, struct err *err);

#define NFT_QUESTION 1024 /* bytes that a question has room in */

/* Ask the kernel what head says, and call fn with each part of the answer. 0 or -errno: -ENOENT when there is no such thing.
 */
int nft_dump(struct mnl_socket *sock, const struct nlmsghdr *head, mnl_cb_t fn, void *data);

#endif
