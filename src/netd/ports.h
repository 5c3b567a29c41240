/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwarded ports are held by bound sockets, so that no process of the host takes one unnoticed, and none that a process
 * has is shadowed. */
#ifndef MGR_NETD_PORTS_H
#define MGR_NETD_PORTS_H

#include <stdint.h>

#include "base/err.h"
#include "netd/nft.h"

/* Hold an element's port of the host; one of every IPv4 address of IPv6's too. Returns the socket. -EADDRINUSE naming the
 * process that has it. */
int ports_hold(const struct nft_element *element, struct err *err);

/* A held socket takes in what comes (`serve`), or refuses it: what relay.h serves does the first. 0 or -errno. */
int ports_serve(int held, uint8_t proto, bool serve);

/* Is it a socket of IPv6, or of both? */
bool ports_is6(int held);

/* The process that has a socket on this port, "process 812 (nginx)". -ENOENT when none but our own
 * is found: those have other addresses. */
int ports_holder(uint8_t proto, uint16_t port, char *text, size_t size);

/* Does a socket of this network namespace wait for what comes to this port, over IPv4 or IPv6? -errno when it cannot be
 * told. */
int ports_awaited(uint8_t proto, uint16_t port);

const char *ports_proto(uint8_t proto); /* "tcp", "udp" */

#endif
