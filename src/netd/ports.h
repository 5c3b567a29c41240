/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwarded ports are held by bound sockets, so that no process of the host takes one unnoticed, and none that a process
 * has is shadowed. */
#ifndef MGR_NETD_PORTS_H
#define MGR_NETD_PORTS_H

#include <netinet/in.h>
#include <stdint.h>

#include "base/err.h"

/* Hold a port of this address of the host (0.0.0.0: of every address, IPv6 ones too). Port in host byte order. Returns the
 * socket. -EADDRINUSE naming the process that has it. */
int ports_hold(uint8_t proto, struct in_addr host, uint16_t port, struct err *err);

/* The process that has a socket on this port, "process 812 (nginx)". -ENOENT when none is found. */
int ports_holder(uint8_t proto, uint16_t port, char *text, size_t size);

const char *ports_proto(uint8_t proto); /* "tcp", "udp" */

#endif
