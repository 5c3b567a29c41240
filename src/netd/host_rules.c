/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clang-format off */
/* What the guard has in the table of both IPs, as `nft list table inet mgr` shows it: what comes from the bridge for the
 * host itself, and for whom the host routes. The bridge's own table has made sure of the addresses that packets come from.
 *
 *   chain guard { ...
 *       iifgroup PORTS drop }                                          a frame went around the bridge's table, by a
 *                                                                      setting of the bridge that somebody has changed
 *   chain host { type filter hook input priority filter
 *       iifname != BRIDGE accept
 *       ct state established,related accept
 *       GATEWAY, fe80::/16 tcp dport 53 add @asking { ether saddr ct count over 4 } goto refuse
 *       GATEWAY tcp, udp dport 53 accept; GATEWAY, 255.255.255.255 udp dport 67 accept
 *       fe80::/16 tcp, udp dport 53 accept; fe80::/16, ff02::1:2 udp dport 547 accept
 *       icmpv6 neighbor and router discovery, mld reports accept
 *       ip saddr . ip daddr @deny4 reject
 *       icmp type echo-request accept
 *       ip saddr @host4 accept
 *       reject }
 *   chain passing { type filter hook forward priority filter
 *       iifname BRIDGE goto away
 *       iifgroup ROUTED jump from_others                               in router mode
 *       iifgroup BRIDGES jump from_others                              of another network
 *       oifname != BRIDGE accept                                       the host forwards: without the rest, whoever routes
 *       ct status dnat accept                                          the subnet through it reaches every port of every
 *       ct state established,related accept                            container. What a forward's DNAT sent here and what
 *       drop }                                                         answers a container may come in, nothing else
 *   chain away {
 *       oifgroup ROUTED ip saddr @isolated4 goto refuse
 *       ct state established,related accept
 *       ip saddr . ct original ip daddr @deny4 reject                  where it was sent to, not what a forward makes of it
 *       ct status dnat ip saddr @isolated4 goto own                    a forward leads to a container
 *       oifname BRIDGE ip saddr @isolated4 goto own
 *       oifname BRIDGE ip daddr @isolated4 goto own }
 *   chain from_others { ip daddr @isolated4 goto refuse }
 *   chain own         { ip saddr . ip daddr @self4 accept; reject }
 *   chain refuse      { reject }
 *
 *   and the same of IPv6.
 */
/* clang-format on */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "base/cleanup.h"
#include "net/names.h"
#include "netd/guard_rules.h"
#include "netd/nft_cond.h"

enum { PRIORITY_FILTER = 0 };
enum { DNS = 53, DHCP_SERVER = 67, DHCP6_SERVER = 547, MLD2_REPORT = 143 };

/* dnsmasq has 20 at a time of all containers (its MAX_PROCS), each for 150 seconds that nobody uses it. */
#define DNS_CONNECTIONS 4

static const uint8_t link_local[] = { 0xfe, 0x80 }; /* /16: the rest of the /10 is not used (RFC 4291, 2.5.6) */

static const uint8_t all_ones[] = { 255, 255, 255, 255 };
static const uint8_t dhcp_servers[] = { 0xff, 2, [13] = 1, [15] = 2 }; /* and relays (RFC 8415, 7.1) */

static struct cond under_way(void)
{
	return is(CT_STATE, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED));
}

static void put_dns(const struct rule_place *to, const char *chain, const struct cond *family, const struct cond *target)
{
	RULE(to, chain, ACCEPT, *family, *target, is(L4PROTO, IPPROTO_UDP), is(DPORT, DNS));
	if (!to->nft->uncounted)
		RULE(to, chain, GO_TO("refuse"), *family, *target, is(L4PROTO, IPPROTO_TCP), is(DPORT, DNS),
		     exceeds(GUARD_ASKING, ETHER_SADDR, DNS_CONNECTIONS));
	RULE(to, chain, ACCEPT, *family, *target, is(L4PROTO, IPPROTO_TCP), is(DPORT, DNS));
}

/* What the network itself offers. */
static void put_services(const struct rule_place *to, const char *chain)
{
	static const uint8_t types[] = { ICMP6_ECHO_REQUEST, ND_ROUTER_SOLICIT,   ND_NEIGHBOR_SOLICIT,
					 ND_NEIGHBOR_ADVERT, MLD_LISTENER_REPORT, MLD2_REPORT };
	const struct cond four = is(NFPROTO, NFPROTO_IPV4), six = is(NFPROTO, NFPROTO_IPV6);
	const struct in_addr gateway = { .s_addr = to->nft->net.s_addr | htonl(1) };
	const struct cond here = is_this(IP_DADDR, &gateway, sizeof gateway);
	const struct cond here6 = is_this(IP6_DADDR, &to->nft->gateway6, sizeof to->nft->gateway6);
	const struct cond link = is_this(IP6_DADDR, link_local, sizeof link_local), dhcp = is(L4PROTO, IPPROTO_UDP);

	put_dns(to, chain, &four, &here);
	RULE(to, chain, ACCEPT, four, here, dhcp, is(DPORT, DHCP_SERVER));
	RULE(to, chain, ACCEPT, four, is_this(IP_DADDR, all_ones, sizeof all_ones), dhcp, is(DPORT, DHCP_SERVER));
	if (to->nft->has6)
		put_dns(to, chain, &six, &here6);
	put_dns(to, chain, &six, &link);
	RULE(to, chain, ACCEPT, six, link, dhcp, is(DPORT, DHCP6_SERVER));
	RULE(to, chain, ACCEPT, six, is_this(IP6_DADDR, dhcp_servers, sizeof dhcp_servers), dhcp, is(DPORT, DHCP6_SERVER));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		RULE(to, chain, ACCEPT, six, is(L4PROTO, IPPROTO_ICMPV6), is(ICMP_TYPE, types[i]));
}

static void put_host(const struct rule_place *to)
{
	static const char chain[] = "host";
	const struct cond four = is(NFPROTO, NFPROTO_IPV4), six = is(NFPROTO, NFPROTO_IPV6);

	nft_put_chain(to->b, to->nft, chain, "filter", NF_INET_LOCAL_IN, PRIORITY_FILTER);
	RULE(to, chain, ACCEPT, is_not_named(IIFNAME, to->nft->bridge));
	RULE(to, chain, ACCEPT, under_way());
	put_services(to, chain);
	RULE(to, chain, REFUSE, four, in_set("deny4", IP_SADDR, IP_DADDR, 0));
	RULE(to, chain, REFUSE, six, in_set("deny6", IP6_SADDR, IP6_DADDR, 0));
	RULE(to, chain, ACCEPT, four, is(L4PROTO, IPPROTO_ICMP), is(ICMP_TYPE, ICMP_ECHO));
	RULE(to, chain, ACCEPT, six, is(L4PROTO, IPPROTO_ICMPV6), is(ICMP_TYPE, ICMP6_ECHO_REQUEST));
	RULE(to, chain, ACCEPT, four, in_set("host4", IP_SADDR, 0, 0));
	RULE(to, chain, ACCEPT, six, in_set("host6", IP6_SADDR, 0, 0));
	RULE(to, chain, REFUSE, ALWAYS);
}

static void put_isolation(const struct rule_place *to, const char *chain, bool is6)
{
	const struct cond family = is(NFPROTO, is6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	const struct cond from = in_set(is6 ? "isolated6" : "isolated4", is6 ? IP6_SADDR : IP_SADDR, 0, 0);
	const struct cond at = in_set(is6 ? "isolated6" : "isolated4", is6 ? IP6_DADDR : IP_DADDR, 0, 0);
	const struct cond inside = is_named(OIFNAME, to->nft->bridge);

	RULE(to, chain, GO_TO("own"), family, is(CT_STATUS, IPS_DST_NAT), from);
	RULE(to, chain, GO_TO("own"), inside, family, from);
	RULE(to, chain, GO_TO("own"), inside, family, at);
}

/* Between containers of this network and those that are not on it: of another one, by a forward, and in router mode. It
 * holds for what is under way too. */
static void put_from_others(const struct rule_place *to)
{
	const struct cond four = is(NFPROTO, NFPROTO_IPV4), six = is(NFPROTO, NFPROTO_IPV6);

	RULE(to, "from_others", GO_TO("refuse"), four, in_set("isolated4", IP_DADDR, 0, 0));
	RULE(to, "from_others", GO_TO("refuse"), six, in_set("isolated6", IP6_DADDR, 0, 0));
}

static void put_to_others(const struct rule_place *to, const char *chain)
{
	const struct cond four = is(NFPROTO, NFPROTO_IPV4), six = is(NFPROTO, NFPROTO_IPV6);
	const struct cond routed = is(OIFGROUP, NET_ROUTED_GROUP);

	RULE(to, chain, GO_TO("refuse"), routed, four, in_set("isolated4", IP_SADDR, 0, 0));
	RULE(to, chain, GO_TO("refuse"), routed, six, in_set("isolated6", IP6_SADDR, 0, 0));
}

static void put_away(const struct rule_place *to, const char *chain)
{
	const struct cond four = is(NFPROTO, NFPROTO_IPV4), six = is(NFPROTO, NFPROTO_IPV6);

	put_to_others(to, chain);
	RULE(to, chain, ACCEPT, under_way());
	RULE(to, chain, REFUSE, four, in_set("deny4", IP_SADDR, CT_DADDR, 0));
	RULE(to, chain, REFUSE, six, in_set("deny6", IP6_SADDR, CT_DADDR6, 0));
	put_isolation(to, chain, false);
	put_isolation(to, chain, true);
	RULE(to, "own", ACCEPT, four, in_set("self4", IP_SADDR, IP_DADDR, 0));
	RULE(to, "own", ACCEPT, six, in_set("self6", IP6_SADDR, IP6_DADDR, 0));
	RULE(to, "own", REFUSE, ALWAYS);
}

static void put_passing(const struct rule_place *to)
{
	static const char chain[] = "passing";

	nft_put_chain(to->b, to->nft, chain, "filter", NF_INET_FORWARD, PRIORITY_FILTER);
	RULE(to, chain, GO_TO("away"), is_named(IIFNAME, to->nft->bridge));
	RULE(to, chain, CALL("from_others"), is(IIFGROUP, NET_ROUTED_GROUP));
	RULE(to, chain, CALL("from_others"), is(IIFGROUP, NET_BRIDGES_GROUP));
	RULE(to, chain, ACCEPT, is_not_named(OIFNAME, to->nft->bridge));
	RULE(to, chain, ACCEPT, is(CT_STATUS, IPS_DST_NAT));
	RULE(to, chain, ACCEPT, under_way());
	RULE(to, chain, DROP, ALWAYS);
}

void host_put_rules(struct nft_batch *b, const struct nft *nft)
{
	static const char *const chains[] = { "own", "refuse", "from_others", "away" };
	const struct rule_place to = { b, nft };

	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		rule_put_chain(&to, chains[i]);
	RULE(&to, "refuse", REFUSE, ALWAYS);
	RULE(&to, "guard", DROP, is(IIFGROUP, net_port_group(nft->bridge)));
	put_from_others(&to);
	put_away(&to, "away");
	put_passing(&to);
	put_host(&to);
}
