/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/dns_config.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static void reverse_zone(struct str *text, const struct bridge *bridge)
{
	uint32_t net = ntohl(bridge->net.s_addr);

	for (unsigned bits = bridge->prefix / 8 * 8; bits; bits -= 8)
		str_addf(text, "%u.", net >> (32 - bits) & 0xff);
	str_add(text, "in-addr.arpa");
}

void dns_config(struct str *text, const struct bridge *bridge, const char *resolv, const char *user)
{
	char net[INET_ADDRSTRLEN], mask[INET_ADDRSTRLEN];
	struct in_addr bits = { .s_addr = htonl(UINT32_MAX << (32 - bridge->prefix)) };

	inet_ntop(AF_INET, &bridge->net, net, sizeof net);
	inet_ntop(AF_INET, &bits, mask, sizeof mask);
	str_add(text, "bind-dynamic\nexcept-interface=lo\n");
	str_addf(text, "user=%s\npid-file=%s/pid\n", user, DNS_FOLDER);
	/* names */
	str_addf(text, "no-hosts\nhostsdir=%s/hosts\ndomain=mgr\nlocal=/mgr/\nlocal=/", DNS_FOLDER);
	reverse_zone(text, bridge);
	str_add(text, "/\ndomain-needed\n");
	str_addf(text, "resolv-file=%s\nno-poll\n", resolv);
	/* addresses: of those in dhcp-hostsdir alone, for ever; no name that a guest claims */
	str_addf(text, "dhcp-range=%s,static,%s,infinite\ndhcp-hostsdir=%s/dhcp\n", net, mask, DNS_FOLDER);
	str_add(text, "dhcp-authoritative\ndhcp-ignore-names\nleasefile-ro\nno-ping\nquiet-dhcp\n");
}

/* NAME alone only where it can be nothing else: not a name of the world's, nor the guest itself. */
void dns_hosts_line(struct str *text, const struct dns_entry *entry)
{
	char addr[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &entry->ipv4, addr, sizeof addr);
	str_addf(text, "%s %s.mgr", addr, entry->name);
	if (!strchr(entry->name, '.') && strcasecmp(entry->name, "localhost") != 0)
		str_addf(text, " %s", entry->name);
	str_add(text, "\n");
}

void dns_dhcp_line(struct str *text, const struct dns_entry *entry)
{
	const uint8_t *m = entry->mac;
	char addr[INET_ADDRSTRLEN];

	str_addf(text, "%02x:%02x:%02x:%02x:%02x:%02x,id:*,%s,infinite\n", m[0], m[1], m[2], m[3], m[4], m[5],
		 inet_ntop(AF_INET, &entry->ipv4, addr, sizeof addr));
}
