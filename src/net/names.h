/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container's network is called in the kernel. */
#ifndef MGR_NET_NAMES_H
#define MGR_NET_NAMES_H

#include <stdint.h>

/* Host end of NIC `index` of the container with this uuid: "mgr", ten hex digits of the uuid, a letter. -EINVAL for a uuid
 * or index that has no name. */
int net_veth_name(const char *uuid, unsigned index, char ret[static 16]);

/* MAC of a NIC for which none is set: of the container's uuid and the NIC's index, locally administered. */
void net_mac(const char *uuid, unsigned index, uint8_t ret[static 6]);

/* Group of interfaces (`ip link`) that the host ends of a managed bridge's NICs are in: FNV-1a of its name, 31 bits. */
uint32_t net_port_group(const char *bridge);
/* That of the managed bridges themselves, and that of host ends that no bridge has. */
#define NET_BRIDGES_GROUP UINT32_C(0x6d677262)
#define NET_ROUTED_GROUP  UINT32_C(0x6d677272)

#endif
