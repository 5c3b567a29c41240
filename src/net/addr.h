/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses as a configuration has them. */
#ifndef MGR_NET_ADDR_H
#define MGR_NET_ADDR_H

#include <netinet/in.h>

#include "conf/conf.h"
#include "net/net.h"

extern const struct key_type key_ipv4_addresses; /* struct nic_addrs */
extern const struct key_type key_ipv6_addresses;
extern const struct key_type key_ipv4_gateway; /* struct nic_gateway */
extern const struct key_type key_ipv6_gateway;
extern const struct key_type key_ipv4_routes; /* struct nic_routes */
extern const struct key_type key_ipv6_routes;

#define NIC_ADDR_TEXT (INET6_ADDRSTRLEN + 4)
/* "10.0.3.7/24" */
const char *addr_text(const struct nic_addr *addr, char text[static NIC_ADDR_TEXT]);
/* Bytes of an address: 4 or 16. */
size_t addr_len(const struct nic_addr *addr);
/* "192.0.2.0/24". -EINVAL, also where a bit is set behind the prefix. */
int addr_read_network(uint8_t family, const char *text, struct nic_addr *ret);
bool addr_leases(const struct nic_addrs *addrs);
/* Of this link alone: 169.254.0.0/16, fe80::/10. */
bool addr_is_link_local(const struct nic_addr *addr);
/* Are the first `prefix` bits of both the same? */
bool addr_same_net(const struct nic_addr *a, const struct nic_addr *b, unsigned prefix);

#endif
