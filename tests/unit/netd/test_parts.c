/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/netd.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "netd/dns_config.h"

static struct in6_addr ip(const char *text)
{
	struct in6_addr in;

	assert_int_equal(inet_pton(AF_INET6, text, &in), 1);
	return in;
}

static struct in_addr ip4(const char *text)
{
	struct in_addr in;

	assert_int_equal(inet_pton(AF_INET, text, &in), 1);
	return in;
}

static struct wire_net_join *on_two_networks(size_t *ret_len)
{
	struct wire_net_join *join = wire_join_new(1, 2, 2, ret_len, NULL);
	const struct in_addr one = ip4("10.118.0.2"), other = ip4("10.128.0.9");
	struct wire_net_nic *nics;
	struct wire_net_item *items;

	assert_non_null(join);
	nics = wire_join_nics(join);
	items = wire_join_items(join);
	strcpy(join->name, "web");
	strcpy(join->veth, "veth-a");
	join->ipv4 = one;
	strcpy(nics[0].veth, "veth-a");
	strcpy(nics[1].veth, "veth-b");
	strcpy(nics[1].network, "back");
	nics[1].mac[5] = 7;
	items[0] = (struct wire_net_item){ WIRE_ITEM_ADDRESS, 0, AF_INET, 32, { 0 } };
	items[1] = (struct wire_net_item){ WIRE_ITEM_ADDRESS, 1, AF_INET, 32, { 0 } };
	memcpy(items[0].addr, &one, sizeof one);
	memcpy(items[1].addr, &other, sizeof other);
	return join;
}

static void each_network_sees_its_part_of_a_request(void **state)
{
	struct network first = { .name = "" }, back = { .name = "back" };
	struct wire_net_join *join, *part;
	const char *names[NICS_MAX];
	size_t len, part_len;

	(void)state;
	join = on_two_networks(&len);
	assert_int_equal(join_networks(join, names), 2);
	assert_string_equal(names[0], "");
	assert_string_equal(names[1], "back");
	part = join_part(join, len, &first, &part_len, NULL);
	assert_int_equal(part_len, len);
	assert_memory_equal(part, join, len);
	free(part);
	part = join_part(join, len, &back, &part_len, NULL);
	assert_non_null(part);
	assert_string_equal(part->name, "web");
	assert_string_equal(part->veth, "veth-b");
	assert_int_equal(part->mac[5], 7);
	assert_int_equal(part->ipv4.s_addr, ip4("10.128.0.9").s_addr);
	assert_int_equal(part->n_forwards, 0);
	assert_int_equal(part->n_nics, 2);
	free(part);
	free(join);
}

/* --- dnsmasq ------------------------------------------------------------------------------------------------------------
 */

static char domain[] = "mgr";

static void lines_of_a_container(void **state)
{
	const struct dns dns = { .domain = domain };
	struct dns_entry e = { .name = "web", .mac = { 2, 0x16, 0x3e, 1, 2, 3 }, .ipv4 = ip4("10.118.0.2") };
	struct str text = { 0 };

	(void)state;
	dns_hosts_line(&text, &dns, &e);
	dns_dhcp_line(&text, &e);
	assert_string_equal(text.text, "10.118.0.2 web.mgr web\n02:16:3e:01:02:03,id:*,10.118.0.2,infinite\n");
	str_done(&text);
	e.ipv6 = ip("fd00::2");
	dns_hosts_line(&text, &dns, &e);
	dns_dhcp_line(&text, &e);
	assert_string_equal(text.text, "10.118.0.2 web.mgr web\nfd00::2 web.mgr web\n"
				       "02:16:3e:01:02:03,id:*,10.118.0.2,[fd00::2],infinite\n");
	str_done(&text);
	e.ipv6 = in6addr_any;
	/* a name of the world's is not taken over, nor the guest's own */
	e.name = "www.example.org";
	dns_hosts_line(&text, &dns, &e);
	e.name = "Localhost";
	dns_hosts_line(&text, &dns, &e);
	assert_string_equal(text.text, "10.118.0.2 www.example.org.mgr\n10.118.0.2 Localhost.mgr\n");
	str_done(&text);
}

static void the_configuration_answers_on_the_bridge_alone(void **state)
{
	struct bridge b = { .name = "mgrbr0", .prefix = 16 };
	struct dns dns = { .bridge = &b, .domain = domain };
	char other[] = "lab.example";
	struct str text = { 0 };

	(void)state;
	b.net = ip4("10.118.0.0");
	dns_config(&text, &dns, "/etc/resolv.conf", "dnsmasq");
	assert_non_null(strstr(text.text, "except-interface=lo\n"));
	assert_non_null(strstr(text.text, "no-hosts\n"));
	assert_non_null(strstr(text.text, "local=/118.10.in-addr.arpa/\n"));
	assert_non_null(strstr(text.text, "dhcp-range=10.118.0.0,static,255.255.0.0,infinite\n"));
	assert_non_null(strstr(text.text, "resolv-file=/etc/resolv.conf\n"));
	str_done(&text);
	dns.domain = other;
	assert_int_equal(strv_add(&dns.resolvers, "192.0.2.53"), 0);
	dns_config(&text, &dns, "/etc/resolv.conf", "dnsmasq");
	assert_non_null(strstr(text.text, "local=/lab.example/\n"));
	assert_non_null(strstr(text.text, "no-resolv\nserver=192.0.2.53\n"));
	assert_null(strstr(text.text, "resolv-file"));
	strv_done(&dns.resolvers);
	str_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_network_sees_its_part_of_a_request),
		cmocka_unit_test(lines_of_a_container),
		cmocka_unit_test(the_configuration_answers_on_the_bridge_alone),
	};

	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
