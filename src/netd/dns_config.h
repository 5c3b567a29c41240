/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What dnsmasq is told (private to dns*.c). */
#ifndef MGR_NETD_DNS_CONFIG_H
#define MGR_NETD_DNS_CONFIG_H

#include "base/str.h"
#include "netd/dns.h"

/* Where dnsmasq, in a mount namespace of its own, sees its folder: the real one lies where only root may enter. */
#define DNS_FOLDER "/tmp"

/* Its whole configuration. resolv: the file that lists the host's resolvers, read at SIGHUP, used when there are no others.
 * user: who it becomes. */
void dns_config(struct str *text, const struct dns *dns, const char *resolv, const char *user);
/* What it answers for, and nobody else does: the domain first. 0 or -ENOMEM. */
int dns_zones(const struct dns *dns, struct strv *ret);
/* The lines that have another network's server asked for its names, but for those of a domain that both have. 0 or -ENOMEM.
 */
int dns_servers_lines(struct str *text, const struct dns *dns, const struct dns *other);
/* Where they are. */
#define DNS_SERVERS "servers"
/* The lines of one container: for hostsdir, for dhcp-hostsdir. */
void dns_hosts_line(struct str *text, const struct dns *dns, const struct dns_entry *entry);
void dns_dhcp_line(struct str *text, const struct dns_entry *entry);

#endif
