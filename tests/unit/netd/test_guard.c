/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container may send, as elements of sets. */
#include "netd/guard.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static void set_item(struct wire_net_item *item, enum wire_item_kind kind, const char *net, uint8_t prefix)
{
	*item = (struct wire_net_item){ .kind = (uint8_t)kind, .family = AF_INET, .prefix = prefix };
	assert_int_equal(inet_pton(AF_INET, net, item->addr), 1);
}

static void assert_ranges(const struct wire_net_join *join, const char *wanted)
{
	struct guard_ranges l;
	struct str text = { 0 };

	assert_int_equal(guard_denied(join, 0, AF_INET, &l), 0);
	for (size_t i = 0; i < l.n; i++) {
		char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];
		str_addf(&text, "%s-%s ", inet_ntop(AF_INET, l.v[i].from, from, sizeof from),
			 inet_ntop(AF_INET, l.v[i].to, to, sizeof to));
	}
	assert_string_equal(str_text(&text), wanted);
	str_done(&text);
	guard_ranges_done(&l);
}

static void what_is_denied_is_ranges_without_what_is_allowed(void **state)
{
	size_t len;
	struct wire_net_join *join = wire_join_new(0, 1, 4, &len, NULL);
	struct wire_net_item *items = wire_join_items(join);

	(void)state;
	set_item(&items[0], WIRE_ITEM_EGRESS_DENY, "10.0.0.0", 8);
	set_item(&items[1], WIRE_ITEM_EGRESS_DENY, "10.1.0.0", 16);
	set_item(&items[2], WIRE_ITEM_EGRESS_ALLOW, "192.0.2.0", 24);
	set_item(&items[3], WIRE_ITEM_EGRESS_ALLOW, "10.255.0.0", 16);
	assert_ranges(join, "10.0.0.0-10.254.255.255 ");
	set_item(&items[1], WIRE_ITEM_EGRESS_DENY, "0.0.0.0", 0);
	assert_ranges(join, "0.0.0.0-10.254.255.255 11.0.0.0-192.0.1.255 192.0.3.0-255.255.255.255 ");
	set_item(&items[2], WIRE_ITEM_EGRESS_ALLOW, "255.255.255.255", 32);
	set_item(&items[3], WIRE_ITEM_EGRESS_ALLOW, "0.0.0.0", 1);
	assert_ranges(join, "128.0.0.0-255.255.255.254 ");
	set_item(&items[2], WIRE_ITEM_EGRESS_ALLOW, "0.0.0.0", 0);
	assert_ranges(join, "");
	free(join);
}

static void a_nic_has_its_mac_its_addresses_and_its_link_local_one(void **state)
{
	size_t len;
	struct wire_net_join *join = wire_join_new(0, 2, 3, &len, NULL);
	struct wire_net_nic *nics = wire_join_nics(join);
	struct wire_net_item *items = wire_join_items(join);
	struct guards l = { 0 };
	size_t macs = 0, four = 0, six = 0, denied = 0, isolated = 0;

	(void)state;
	nics[0] = (struct wire_net_nic){ .veth = "mgr64a36864b3a", .mac = { 2, 1 } };
	nics[1] = (struct wire_net_nic){ .veth = "mgr64a36864b3b", .mac = { 2, 2 }, .flags = WIRE_NIC_ISOLATED };
	set_item(&items[0], WIRE_ITEM_ADDRESS, "10.118.0.2", 32);
	set_item(&items[1], WIRE_ITEM_ADDRESS, "10.118.0.3", 32);
	set_item(&items[2], WIRE_ITEM_EGRESS_DENY, "10.0.0.0", 8);
	items[1].nic = items[2].nic = 1;
	assert_int_equal(guards_of_join(join, "", &in6addr_any, &l), 0);
	for (size_t i = 0; i < l.n; i++) {
		macs += l.v[i].set == GUARD_MACS;
		four += l.v[i].set == GUARD_IPV4;
		six += l.v[i].set == GUARD_IPV6;
		denied += l.v[i].set == GUARD_EGRESS4;
		isolated += l.v[i].set == GUARD_ISOLATED4;
	}
	assert_int_equal(macs, 2);
	assert_int_equal(four, 4); /* both of its addresses at both of its ports */
	assert_int_equal(six, 2);
	assert_int_equal(denied, 1);
	assert_int_equal(isolated, 1);
	guards_done(&l);
	assert_int_equal(guards_of_join(join, "blue", &in6addr_any, &l), 0);
	assert_int_equal(l.n, 0);
	free(join);
}

static bool refused(const struct guards *l, const char *from, const char *to)
{
	struct in6_addr a, b;

	assert_int_equal(inet_pton(AF_INET6, from, &a), 1);
	assert_int_equal(inet_pton(AF_INET6, to, &b), 1);
	return guards_refuse(l, &a, &b);
}

static void what_is_isolated_or_denied_is_known(void **state)
{
	size_t len;
	struct wire_net_join *join = wire_join_new(0, 2, 3, &len, NULL);
	struct wire_net_nic *nics = wire_join_nics(join);
	struct wire_net_item *items = wire_join_items(join);
	struct guards l = { 0 };

	(void)state;
	nics[0] = (struct wire_net_nic){ .veth = "mgr64a36864b3a", .mac = { 2, 1 } };
	nics[1] = (struct wire_net_nic){ .veth = "mgr64a36864b3b", .mac = { 2, 2 }, .flags = WIRE_NIC_ISOLATED };
	set_item(&items[0], WIRE_ITEM_ADDRESS, "10.118.0.2", 32);
	set_item(&items[1], WIRE_ITEM_ADDRESS, "10.118.0.3", 32);
	set_item(&items[2], WIRE_ITEM_EGRESS_DENY, "192.0.2.0", 24);
	items[1].nic = 1;
	assert_int_equal(guards_of_join(join, "", &in6addr_any, &l), 0);
	assert_true(refused(&l, "::ffff:10.118.0.3", "::ffff:198.51.100.1"));
	assert_true(refused(&l, "fe80::2:ff:fe00:0", "2001:db8::1"));
	assert_false(refused(&l, "fe80::1:ff:fe00:0", "2001:db8::1"));
	assert_false(refused(&l, "::ffff:10.118.0.2", "::ffff:192.0.1.255"));
	assert_true(refused(&l, "::ffff:10.118.0.2", "::ffff:192.0.2.0"));
	assert_true(refused(&l, "::ffff:10.118.0.2", "::ffff:192.0.2.255"));
	assert_false(refused(&l, "::ffff:10.118.0.2", "::ffff:192.0.3.0"));
	assert_false(refused(&l, "::ffff:198.51.100.1", "::ffff:192.0.2.1"));
	guards_done(&l);
	free(join);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_denied_is_ranges_without_what_is_allowed),
		cmocka_unit_test(a_nic_has_its_mac_its_addresses_and_its_link_local_one),
		cmocka_unit_test(what_is_isolated_or_denied_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
