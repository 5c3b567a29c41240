/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of the bridge's table, as `nft list table bridge mgr` shows them. The kernel need not know of which bridge an
 * interface is a port (NFT_BRIDGE_META): the host ends of a bridge's NICs are a group of interfaces.
 *
 *   chain ports      { type filter hook prerouting priority -500
 *       iifgroup != GROUP accept                                           a port that is none of ours
 *       ether type ip iifname . ether saddr . ip saddr @ipv4 goto ipv4
 *       ether type ip6 iifname . ether saddr . ip6 saddr @ipv6 goto ipv6
 *       (behind iifname . ether saddr @macs:)
 *       arp iifname . arp saddr ether . arp saddr ip @ipv4 accept
 *       arp operation request arp saddr ip 0.0.0.0                         is my address free?
 *           iifname . arp saddr ether . arp daddr ip @ipv4 accept
 *       ip saddr 0.0.0.0 ip daddr 255.255.255.255 goto dhcp                what is my address?
 *       ip6 saddr :: goto nobody6
 *       drop }                                                             and so VLANs, 802.2 and all the others
 *   chain ipv4       { tcp accept; udp dport 68 drop                       it answers as a DHCP server
 *                      udp dport 67 goto dhcp; igmp type membership-query drop
 *                      udp, igmp with a whole header accept; ip frag-off & 0x1fff != 0 accept; udp, igmp drop; accept }
 *   chain dhcp       { udp dport 67 iifname . CHADDR @macs accept; drop }  not for others
 *   chain ipv6       { tcp accept; udp dport 546 drop; udp dport 547 goto dhcp6
 *                      icmpv6 type nd-router-advert, nd-redirect, mld-listener-query drop
 *                      icmpv6 type nd-neighbor-advert goto advert
 *                      udp, icmpv6 with a whole header accept; frag frag-off != 0 accept; udp, icmpv6 drop; accept }
 *   chain advert     { iifname . ether saddr . icmpv6 taddr @ipv6 accept; drop }
 *   chain dhcp6      { TYPE <= 11 accept; drop }                           no relay, who speaks for others
 *   chain nobody6    { icmpv6 type nd-neighbor-solicit goto advert; nd-router-solicit, mld reports accept; drop }
 *   chain between    { type filter hook forward priority filter            from port to port
 *       iifname . oifname @self accept; iifname @isolated drop; oifname @isolated drop
 *       ip saddr . ip daddr @egress4 goto answers; ip6 saddr . ip6 daddr @egress6 goto answers }
 *   chain answers    { tcp flags & (syn | ack) != syn accept               there are no states here
 *                      icmp echo-reply, errors accept; neighbor discovery accept; drop }
 *
 * A fragment that is not the first has no ports and no types: it passes where the first one, without which nobody can put
 * the packet together, was looked at. Without a protocol that can be found nothing passes.
 */
#include "netd/guard_rules.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>

#include "base/cleanup.h"
#include "net/names.h"
#include "netd/nft_cond.h"

/* Of the bridge family (linux/netfilter_bridge.h, which does not agree with netinet/in.h). */
enum { NF_BR_PRE_ROUTING = 0, NF_BR_FORWARD = 2, PRIORITY_FILTER = -200 };
enum { PRIORITY_FIRST = -500 }; /* before anybody puts fragments together */

enum { IGMP_QUERY = 0x11, MLD2_REPORT = 143, DHCP_SERVER = 67, DHCP_CLIENT = 68, DHCP6_CLIENT = 546, DHCP6_SERVER = 547 };
enum { DHCP6_LAST = 11 }; /* of what a client sends; a relay's are 12 and 13 (RFC 8415, 7.3) */

static const uint8_t nobody[16], all_ones[4] = { 255, 255, 255, 255 };

/* Ethernet and IPv4. */
static const uint8_t arp_kinds[] = { 0, 1, 8, 0, 6, 4 };

static void put_ports(const struct rule_place *to)
{
	static const char chain[] = "ports";
	const struct cond own_mac = in_set("macs", IIFNAME, ETHER_SADDR, 0);
	const struct cond arp = is(ETHER_TYPE, ETH_P_ARP), plain = is_this(ARP_KINDS, arp_kinds, sizeof arp_kinds);
	const struct cond ip = is(ETHER_TYPE, ETH_P_IP), ip6 = is(ETHER_TYPE, ETH_P_IPV6);

	nft_put_chain(to->b, to->nft, chain, "filter", NF_BR_PRE_ROUTING, PRIORITY_FIRST);
	RULE(to, chain, ACCEPT, is_not(IIFGROUP, net_port_group(to->nft->bridge)));
	RULE(to, chain, GO_TO("ipv4"), ip, in_set("ipv4", IIFNAME, ETHER_SADDR, IP_SADDR));
	RULE(to, chain, GO_TO("ipv6"), ip6, in_set("ipv6", IIFNAME, ETHER_SADDR, IP6_SADDR));
	RULE(to, chain, ACCEPT, arp, own_mac, plain, in_set("ipv4", IIFNAME, ARP_SHA, ARP_SPA));
	RULE(to, chain, ACCEPT, arp, own_mac, plain, is(ARP_OP, 1), is_this(ARP_SPA, nobody, 4),
	     in_set("ipv4", IIFNAME, ARP_SHA, ARP_TPA));
	RULE(to, chain, GO_TO("dhcp"), ip, own_mac, is_this(IP_SADDR, nobody, 4), is_this(IP_DADDR, all_ones, 4));
	RULE(to, chain, GO_TO("nobody6"), ip6, own_mac, is_this(IP6_SADDR, nobody, 16));
	RULE(to, chain, DROP, ALWAYS);
}

/* What has been looked at by its header, if it has a whole one; and what has a protocol: it has none when its extension
 * headers do not lead to one. */
static void put_rest(const struct rule_place *to, const char *chain, enum cond_field offset, const uint8_t looked_at[2])
{
	for (size_t i = 0; i < 2; i++)
		RULE(to, chain, ACCEPT, is(L4PROTO, looked_at[i]), is_there(HEAD));
	RULE(to, chain, ACCEPT, is_not(offset, 0));
	for (size_t i = 0; i < 2; i++)
		RULE(to, chain, DROP, is(L4PROTO, looked_at[i]));
	RULE(to, chain, ACCEPT, is_not(L4PROTO, IPPROTO_RAW));
	RULE(to, chain, DROP, ALWAYS);
}

static void put_ipv4(const struct rule_place *to)
{
	static const uint8_t looked_at[] = { IPPROTO_UDP, IPPROTO_IGMP };
	const struct cond udp = is(L4PROTO, IPPROTO_UDP);

	RULE(to, "ipv4", ACCEPT, is(L4PROTO, IPPROTO_TCP));
	RULE(to, "ipv4", DROP, udp, is(DPORT, DHCP_CLIENT));
	RULE(to, "ipv4", GO_TO("dhcp"), udp, is(DPORT, DHCP_SERVER));
	RULE(to, "ipv4", DROP, is(L4PROTO, IPPROTO_IGMP), is(ICMP_TYPE, IGMP_QUERY));
	put_rest(to, "ipv4", IP_OFFSET, looked_at);
	RULE(to, "dhcp", ACCEPT, udp, is(DPORT, DHCP_SERVER), in_set("macs", IIFNAME, DHCP_CHADDR, 0));
	RULE(to, "dhcp", DROP, ALWAYS);
}

static void put_ipv6(const struct rule_place *to)
{
	static const uint8_t forbidden[] = { ND_ROUTER_ADVERT, ND_REDIRECT, MLD_LISTENER_QUERY };
	static const uint8_t looked_at[] = { IPPROTO_UDP, IPPROTO_ICMPV6 };
	static const uint8_t of_nobody[] = { ND_ROUTER_SOLICIT, MLD_LISTENER_REPORT, MLD2_REPORT };
	const struct cond udp = is(L4PROTO, IPPROTO_UDP), icmp = is(L4PROTO, IPPROTO_ICMPV6);

	RULE(to, "ipv6", ACCEPT, is(L4PROTO, IPPROTO_TCP));
	RULE(to, "ipv6", DROP, udp, is(DPORT, DHCP6_CLIENT));
	RULE(to, "ipv6", GO_TO("dhcp6"), udp, is(DPORT, DHCP6_SERVER));
	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
		RULE(to, "ipv6", DROP, icmp, is(ICMP_TYPE, forbidden[i]));
	RULE(to, "ipv6", GO_TO("advert"), icmp, is(ICMP_TYPE, ND_NEIGHBOR_ADVERT));
	put_rest(to, "ipv6", IP6_OFFSET, looked_at);
	RULE(to, "advert", ACCEPT, in_set("ipv6", IIFNAME, ETHER_SADDR, ND_TARGET));
	RULE(to, "advert", DROP, ALWAYS);
	RULE(to, "dhcp6", ACCEPT, at_most(DHCP6_TYPE, DHCP6_LAST));
	RULE(to, "dhcp6", DROP, ALWAYS);
	RULE(to, "nobody6", GO_TO("advert"), icmp, is(ICMP_TYPE, ND_NEIGHBOR_SOLICIT));
	for (size_t i = 0; i < ARRAY_SIZE(of_nobody); i++)
		RULE(to, "nobody6", ACCEPT, icmp, is(ICMP_TYPE, of_nobody[i]));
	RULE(to, "nobody6", DROP, ALWAYS);
}

static void put_between(const struct rule_place *to)
{
	static const char chain[] = "between";

	nft_put_chain(to->b, to->nft, chain, "filter", NF_BR_FORWARD, PRIORITY_FILTER);
	RULE(to, chain, ACCEPT, in_set("self", IIFNAME, OIFNAME, 0));
	RULE(to, chain, DROP, in_set("isolated", IIFNAME, 0, 0));
	RULE(to, chain, DROP, in_set("isolated", OIFNAME, 0, 0));
	RULE(to, chain, GO_TO("answers"), is(ETHER_TYPE, ETH_P_IP), in_set("egress4", IP_SADDR, IP_DADDR, 0));
	RULE(to, chain, GO_TO("answers"), is(ETHER_TYPE, ETH_P_IPV6), in_set("egress6", IP6_SADDR, IP6_DADDR, 0));
}

static void put_answers(const struct rule_place *to)
{
	static const uint8_t four[] = { ICMP_ECHOREPLY, ICMP_DEST_UNREACH, ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB };
	static const uint8_t six[] = { ICMP6_ECHO_REPLY, ICMP6_DST_UNREACH,   ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED,
				       ICMP6_PARAM_PROB, ND_NEIGHBOR_SOLICIT, ND_NEIGHBOR_ADVERT };

	RULE(to, "answers", ACCEPT, is(L4PROTO, IPPROTO_TCP), is_not(TCP_SYN, TH_SYN));
	for (size_t i = 0; i < ARRAY_SIZE(four); i++)
		RULE(to, "answers", ACCEPT, is(L4PROTO, IPPROTO_ICMP), is(ICMP_TYPE, four[i]));
	for (size_t i = 0; i < ARRAY_SIZE(six); i++)
		RULE(to, "answers", ACCEPT, is(L4PROTO, IPPROTO_ICMPV6), is(ICMP_TYPE, six[i]));
	RULE(to, "answers", DROP, ALWAYS);
}

void guard_put_rules(struct nft_batch *b, const struct nft *nft)
{
	static const char *const chains[] = { "ipv4", "dhcp", "ipv6", "advert", "dhcp6", "nobody6", "answers" };
	const struct rule_place to = { b, nft };

	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		rule_put_chain(&to, chains[i]);
	put_ports(&to);
	put_ipv4(&to);
	put_ipv6(&to);
	put_between(&to);
	put_answers(&to);
}
