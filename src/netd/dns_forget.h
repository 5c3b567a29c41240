/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dnsmasq gives an IPv6 address to no other client than the one that has its lease, by what that calls itself (its DUID),
 * and the lease is for ever: a guest with another DHCP client, or anew, would get none. So each such lease is released as
 * soon as it is given: the guest keeps its address all the same, which is its own by its hardware address. */
#ifndef MGR_NETD_DNS_FORGET_H
#define MGR_NETD_DNS_FORGET_H

#include "base/err.h"
#include "netd/dns.h"

struct dns_forget;

#define DNS_LEASES "leases" /* dnsmasq's file, in its folder */

/* dns: outlives this. */
struct dns_forget *dns_forget_new(const struct dns *dns, struct err *err);
void dns_forget_free(struct dns_forget *forget); /* takes NULL */

/* --- for its test ----------------------------------------------------------------------------------------------------- */

#define DNS_RELEASE_MAX 512

/* The message (RFC 8415, 16.9) by which the lease of a line of that file is released: its length; 0 when the line is about
 * none. server: of the line "duid ...". */
size_t dns_release(const char *line, const char *server, uint8_t ret[static DNS_RELEASE_MAX]);

#endif
