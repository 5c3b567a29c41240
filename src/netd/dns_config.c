/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/dns_config.h"
#include "netd/dns_forget.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

static void reverse_zone(struct str *text, const struct bridge *bridge)
{
	uint32_t net = ntohl(bridge->net.s_addr);

	for (unsigned bits = bridge->prefix / 8 * 8; bits; bits -= 8)
		str_addf(text, "%u.", net >> (32 - bits) & 0xff);
	str_add(text, "in-addr.arpa");
}

static void reverse_zone6(struct str *text, const struct bridge *bridge)
{
	for (size_t i = 8; i-- > 0;)
		str_addf(text, "%x.%x.", bridge->net6.s6_addr[i] & 0xfU, bridge->net6.s6_addr[i] >> 4U);
	str_add(text, "ip6.arpa");
}

int dns_zones(const struct dns *dns, struct strv *ret)
{
	const struct bridge *bridge = dns->bridge;
	autocall(str_done) struct str reverse = { 0 }, reverse6 = { 0 };

	reverse_zone(&reverse, bridge);
	reverse_zone6(&reverse6, bridge);
	if (reverse.failed || reverse6.failed || strv_add(ret, dns->domain) < 0 || strv_add(ret, reverse.text) < 0)
		return -ENOMEM;
	return bridge->has6 ? strv_add(ret, reverse6.text) : 0;
}

int dns_servers_lines(struct str *text, const struct dns *dns, const struct dns *other)
{
	autocall(strv_done) struct strv zones = { 0 };
	char server[INET_ADDRSTRLEN];
	int r = dns_zones(other, &zones);

	inet_ntop(AF_INET, &other->bridge->gateway, server, sizeof server);
	for (size_t i = 0; i < zones.n; i++)
		if (strcasecmp(zones.v[i], dns->domain) != 0)
			str_addf(text, "server=/%s/%s\n", zones.v[i], server);
	return r < 0 || text->failed ? -ENOMEM : 0;
}

/* Router advertisements without a prefix that guests make addresses of: who wants one asks by DHCP. */
static void config6(struct str *text, const struct bridge *bridge)
{
	char net[INET6_ADDRSTRLEN];

	str_add(text, "local=/");
	reverse_zone6(text, bridge);
	str_addf(text, "/\nenable-ra\ndhcp-range=%s,static,64,infinite\n",
		 inet_ntop(AF_INET6, &bridge->net6, net, sizeof net));
}

static void config_resolvers(struct str *text, const struct dns *dns, const char *resolv)
{
	if (!dns->resolvers.n)
		str_addf(text, "resolv-file=%s\nno-poll\n", resolv);
	else
		str_add(text, "no-resolv\n");
	for (size_t i = 0; i < dns->resolvers.n; i++)
		str_addf(text, "server=%s\n", dns->resolvers.v[i]);
}

void dns_config(struct str *text, const struct dns *dns, const char *resolv, const char *user)
{
	const struct bridge *bridge = dns->bridge;
	char net[INET_ADDRSTRLEN], mask[INET_ADDRSTRLEN];
	struct in_addr bits = { .s_addr = htonl(UINT32_MAX << (32 - bridge->prefix)) };

	inet_ntop(AF_INET, &bridge->net, net, sizeof net);
	inet_ntop(AF_INET, &bits, mask, sizeof mask);
	str_add(text, "bind-dynamic\nexcept-interface=lo\n");
	str_addf(text, "user=%s\npid-file=%s/pid\n", user, DNS_FOLDER);
	/* names */
	str_addf(text, "no-hosts\nhostsdir=%s/hosts\nlocal=/%s/\nlocal=/", DNS_FOLDER, dns->domain);
	reverse_zone(text, bridge);
	str_add(text, "/\ndomain-needed\n");
	str_addf(text, "servers-file=%s/" DNS_SERVERS "\n", DNS_FOLDER);
	config_resolvers(text, dns, resolv);
	/* addresses: of those in dhcp-hostsdir alone, for ever; no name that a guest claims; with a domain of dnsmasq's own
	 * ("domain="), a lease would go on having the name that its address had, after that is gone */
	str_addf(text, "dhcp-range=%s,static,%s,infinite\ndhcp-hostsdir=%s/dhcp\n", net, mask, DNS_FOLDER);
	str_addf(text, "dhcp-option=option:domain-name,%s\n", dns->domain);
	if (bridge->has6)
		config6(text, bridge);
	str_add(text, "dhcp-authoritative\ndhcp-ignore-names\nno-ping\nquiet-dhcp\n");
	str_addf(text, "dhcp-leasefile=%s/" DNS_LEASES "\n", DNS_FOLDER);
}

static bool has6(const struct dns_entry *entry)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&entry->ipv6);
}

/* NAME alone only where it can be nothing else: not a name of the world's, nor the guest itself. */
static void hosts_line(struct str *text, const struct dns *dns, const struct dns_entry *entry, const char *addr)
{
	str_addf(text, "%s %s.%s", addr, entry->name, dns->domain);
	if (!strchr(entry->name, '.') && strcasecmp(entry->name, "localhost") != 0)
		str_addf(text, " %s", entry->name);
	str_add(text, "\n");
}

void dns_hosts_line(struct str *text, const struct dns *dns, const struct dns_entry *entry)
{
	char addr[INET6_ADDRSTRLEN];

	hosts_line(text, dns, entry, inet_ntop(AF_INET, &entry->ipv4, addr, sizeof addr));
	if (has6(entry))
		hosts_line(text, dns, entry, inet_ntop(AF_INET6, &entry->ipv6, addr, sizeof addr));
}

void dns_dhcp_line(struct str *text, const struct dns_entry *entry)
{
	const uint8_t *m = entry->mac;
	char addr[INET6_ADDRSTRLEN];

	str_addf(text, "%02x:%02x:%02x:%02x:%02x:%02x,id:*,%s", m[0], m[1], m[2], m[3], m[4], m[5],
		 inet_ntop(AF_INET, &entry->ipv4, addr, sizeof addr));
	if (has6(entry))
		str_addf(text, ",[%s]", inet_ntop(AF_INET6, &entry->ipv6, addr, sizeof addr));
	str_add(text, ",infinite\n");
}
