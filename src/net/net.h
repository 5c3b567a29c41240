/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bridge, veth, addresses, leases, port forwards: a container's network, as configured and as the kernel has it. */
#ifndef MGR_NET_NET_H
#define MGR_NET_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "wire/net.h"

enum nic_type {
	NIC_VETH,
	NIC_HOST,
	NIC_EMPTY,
};

struct nic_addr {
	bool lease; /* IPv4: the value is in the lease registry */
	uint8_t family;
	uint8_t addr[16];
	uint8_t prefix;
};

struct nic_conf {
	unsigned index; /* N of [net.N] */
	enum nic_type type;
	char *link; /* bridge; NULL or "mgrbr0" as shipped: the managed one */
	char *name; /* in the container; eth<N> when NULL */
	uint8_t hwaddr[6];
	bool has_hwaddr;
	uint32_t mtu; /* 0: the bridge's */
	bool down;    /* flags without "up" */
	struct nic_addr ipv4, ipv4_gateway;
};

struct forward_conf {
	size_t n;
	struct wire_forward *v;
};

struct net_conf {
	size_t n;
	struct nic_conf *v; /* by index */
	struct forward_conf forward;
};

#endif
