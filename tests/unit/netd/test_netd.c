/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/netd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "netd/nft_batch.h"
#include "netd/queue.h"

static struct in_addr ip4(const char *text)
{
	struct in_addr addr;

	assert_int_equal(inet_pton(AF_INET, text, &addr), 1);
	return addr;
}

/* As elements have it; 0.0.0.0: every address. */
static struct in6_addr ip(const char *text)
{
	struct in6_addr addr = { 0 };

	if (strchr(text, ':'))
		assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
	return strchr(text, ':') || strcmp(text, "0.0.0.0") == 0 ? addr : nft_mapped(ip4(text));
}

/* --- elements -----------------------------------------------------------------------------------------------------------
 */

static void an_element_survives_coding(void **state)
{
	const struct nft_element list[] = {
		{ .guest = ip("10.118.0.2"), .port = 8080, .target = 80, .proto = IPPROTO_TCP },
		{ .host = ip("192.0.2.1"), .guest = ip("10.118.0.2"), .port = 65535, .target = 1, .proto = IPPROTO_UDP },
		{ .guest = ip("fd00::2"), .port = 8080, .target = 80, .proto = IPPROTO_TCP },
		{ .host = ip("2001:db8::1"), .guest = ip("fd00::2"), .port = 1, .target = 65535, .proto = IPPROTO_UDP },
	};
	const size_t lengths[] = { 8, 12, 8, 24 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		uint8_t key[NFT_KEY_MAX], value[NFT_VALUE_MAX];
		struct nft_element back;
		size_t n = nft_encode_key(&list[i], key);
		assert_int_equal(n, lengths[i]);
		assert_int_equal(nft_decode(key, n, value, nft_encode_value(&list[i], value), &back), 0);
		assert_memory_equal(&back, &list[i], sizeof back);
	}
}

static void a_key_is_what_nft_writes(void **state)
{
	const struct nft_element one = {
		.host = ip("192.0.2.1"), .guest = ip("10.118.0.2"), .port = 8080, .target = 80, .proto = IPPROTO_TCP
	};
	const uint8_t want_key[] = { 192, 0, 2, 1, 6, 0, 0, 0, 0x1f, 0x90, 0, 0 };
	const uint8_t want_value[] = { 10, 118, 0, 2, 0, 80, 0, 0 };
	uint8_t key[NFT_KEY_MAX], value[NFT_VALUE_MAX];

	(void)state;
	assert_int_equal(nft_encode_key(&one, key), sizeof want_key);
	assert_int_equal(nft_encode_value(&one, value), sizeof want_value);
	assert_memory_equal(key, want_key, sizeof want_key);
	assert_memory_equal(value, want_value, sizeof want_value);
}

static void what_is_no_element_is_refused(void **state)
{
	uint8_t key[NFT_KEY_MAX] = { 0 }, value[NFT_VALUE_MAX] = { 0 };
	struct nft_element back;

	(void)state;
	assert_int_equal(nft_decode(key, 4, value, 8, &back), -EBADMSG);
	assert_int_equal(nft_decode(key, 12, value, 4, &back), -EBADMSG);
	assert_int_equal(nft_decode(key, 12, value, 20, &back), -EBADMSG);
}

/* --- transactions -------------------------------------------------------------------------------------------------------
 */

/* The types of a transaction's messages, in order, as text; each is checked to be whole. */
static void list_messages(struct nft_batch *b, struct str *ret)
{
	struct iovec iov[64];
	int n = nftnl_batch_iovec_len(b->batch);

	assert_true(n > 0 && n <= 64);
	nftnl_batch_iovec(b->batch, iov, (uint32_t)n);
	for (int i = 0; i < n; i++) {
		int left = (int)iov[i].iov_len;
		const struct nlmsghdr *h = iov[i].iov_base;
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			str_addf(ret, " %u",
				 (unsigned)(h->nlmsg_type < NLMSG_MIN_TYPE + 16 ? h->nlmsg_type : h->nlmsg_type & 0xff));
		assert_int_equal(left, 0);
	}
}

static struct nft_elements many(size_t n, const char *host)
{
	struct nft_element e = { .host = ip(host), .guest = ip("10.118.0.2"), .target = 80, .proto = IPPROTO_TCP };
	struct nft_elements l = { 0 };

	for (size_t i = 0; i < n; i++) {
		e.port = (uint16_t)(1 + i);
		assert_int_equal(nft_elements_add(&l, &e), 0);
	}
	return l;
}

static void elements_of_ten_thousand_forwards_are_messages_that_fit(void **state)
{
	struct nft_elements l = many(10000, "0.0.0.0");
	struct str types = { 0 };
	struct nft_batch b;
	size_t count = 0;

	(void)state;
	assert_int_equal(nft_batch_init(&b, 0, NULL), 0);
	nft_put_elements(&b, "mgr", &l, NFT_MAP_ANY, true);
	nft_put_elements(&b, "mgr", &l, NFT_MAP_ADDR, true); /* none of them has an address */
	nft_batch_end(&b);
	assert_false(b.failed);
	list_messages(&b, &types);
	for (const char *p = types.text; (p = strstr(p, " 12")); p++) /* NFT_MSG_NEWSETELEM */
		count++;
	assert_int_equal(count, 25);
	str_done(&types);
	nft_batch_done(&b);
	nft_elements_done(&l);
}

static void an_empty_list_is_no_message(void **state)
{
	const struct nft_elements none = { 0 };
	struct str types = { 0 };
	struct nft_batch b;

	(void)state;
	assert_int_equal(nft_batch_init(&b, 7, NULL), 0);
	nft_put_elements(&b, "mgr", &none, NFT_MAP_ANY, true);
	nft_batch_end(&b);
	list_messages(&b, &types);
	assert_string_equal(types.text, " 16 17"); /* NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END */
	assert_int_equal(b.seq, 9);
	str_done(&types);
	nft_batch_done(&b);
}

static void the_table_is_one_transaction(void **state)
{
	struct nft nft = { .table = "mgr", .bridge = "mgrbr0", .net = ip4("10.118.0.0"), .prefix = 16 };
	struct str types = { 0 };
	struct nft_batch b;
	size_t four;

	(void)state;
	assert_int_equal(nft_batch_init(&b, 0, NULL), 0);
	nft_put_table(&b, nft.table, true);
	nft_put_maps(&b, nft.table);
	nft_put_rules(&b, &nft);
	nft_batch_end(&b);
	assert_false(b.failed);
	list_messages(&b, &types);
	/* table, four maps, then nothing but chains and rules: 0 9 3 6 */
	assert_true(str_starts(types.text, " 16 0 9 9 9 9 3 6"));
	four = types.len;
	assert_int_equal(strspn(types.text + strlen(" 16 0 9 9 9 9"), " 36"), four - strlen(" 16 0 9 9 9 9 17") + 1);
	assert_string_equal(types.text + four - 3, " 17");
	str_done(&types);
	nft_batch_done(&b);
	nft.has6 = true;
	nft.net6 = ip("fd00::");
	assert_int_equal(nft_batch_init(&b, 0, NULL), 0);
	nft_put_rules(&b, &nft);
	nft_batch_end(&b);
	list_messages(&b, &types);
	assert_true(types.len > four); /* more rules than maps and table were messages */
	str_done(&types);
	nft_batch_done(&b);
}

/* --- requests -----------------------------------------------------------------------------------------------------------
 */

struct request {
	struct wire_net_join join;
	struct wire_forward forward[2];
	struct wire_net_nic nic[2];
	struct wire_net_item item[3];
};

static const struct bridge bridge = { .name = "mgrbr0", .prefix = 16, .why6 = "" };

static struct request good(void)
{
	struct request r = { 0 };

	r.join.head = sizeof r.join;
	r.join.forward = sizeof r.forward[0];
	r.join.nic = sizeof r.nic[0];
	r.join.n_nics = 2;
	r.join.item = sizeof r.item[0];
	r.join.n_items = 3;
	strcpy(r.join.name, "web");
	strcpy(r.join.uuid, "64a36864-b358-40d0-bfb4-bb9b13c1fb7a");
	strcpy(r.join.veth, "mgr64a36864b3a");
	r.join.ipv4 = ip4("10.118.0.2");
	r.join.n_forwards = 2;
	r.forward[0] = (struct wire_forward){ .proto = IPPROTO_TCP, .port = 8080, .last = 8082, .target = 80 };
	r.forward[1] = (struct wire_forward){
		.proto = IPPROTO_UDP, .family = AF_INET, .port = 53, .last = 53, .target = 53, .addr = { 127, 0, 0, 1 }
	};
	r.nic[0] = (struct wire_net_nic){ .veth = "mgr64a36864b3a", .mac = { 2, 1 } };
	r.nic[1] =
		(struct wire_net_nic){ .veth = "mgr64a36864b3b", .mac = { 2, 2 }, .flags = WIRE_NIC_ISOLATED, .index = 1 };
	r.item[0] = (struct wire_net_item){ WIRE_ITEM_ADDRESS, 0, AF_INET, 32, { 10, 118, 0, 2 } };
	r.item[1] = (struct wire_net_item){ WIRE_ITEM_ADDRESS, 1, AF_INET, 32, { 10, 118, 0, 3 } };
	r.item[2] = (struct wire_net_item){ WIRE_ITEM_EGRESS_DENY, 1, AF_INET, 8, { 10 } };
	return r;
}

static int check(const struct request *r, size_t len)
{
	autofree struct wire_net_join *join = NULL;
	struct bridge b = bridge;
	struct err err = { 0 };
	size_t taken;

	b.net = ip4("10.118.0.0");
	b.gateway = ip4("10.118.0.1");
	join = wire_join_take(r, len, &taken, &err);
	return join ? join_check(join, &b, NULL) : -err.code;
}

/* As a newer supervisor would send it, which knows more of the container and of each forward. */
static void a_longer_request_is_read_as_far_as_it_is_known(void **state)
{
	const struct request known = good();
	uint32_t more[2] = { UINT32_MAX, UINT32_MAX };
	uint8_t sent[sizeof known + sizeof more + 7 * sizeof more[0]], *at = sent;
	autofree struct wire_net_join *join = NULL;
	struct wire_net_join head = known.join;
	size_t len;

	(void)state;
	head.head += sizeof more;
	head.forward += sizeof more[0];
	head.nic += sizeof more[0];
	head.item += sizeof more[0];
	at = mempcpy(at, &head, sizeof head);
	at = mempcpy(at, more, sizeof more);
	for (size_t i = 0; i < 2; i++) {
		at = mempcpy(at, &known.forward[i], sizeof known.forward[i]);
		at = mempcpy(at, more, sizeof more[0]);
	}
	for (size_t i = 0; i < 2; i++) {
		at = mempcpy(at, &known.nic[i], sizeof known.nic[i]);
		at = mempcpy(at, more, sizeof more[0]);
	}
	for (size_t i = 0; i < 3; i++) {
		at = mempcpy(at, &known.item[i], sizeof known.item[i]);
		at = mempcpy(at, more, sizeof more[0]);
	}
	join = wire_join_take(sent, sizeof sent, &len, NULL);
	assert_non_null(join);
	assert_int_equal(len, sizeof known);
	assert_memory_equal(join, &known, sizeof known);
}

/* An older supervisor's: a shorter head, forwards, and nothing else. */
static void an_older_request_has_one_nic(void **state)
{
	struct request known = good();
	uint8_t sent[WIRE_NET_JOIN_MIN + sizeof known.forward];
	autofree struct wire_net_join *join = NULL;
	size_t len;

	(void)state;
	known.join.head = WIRE_NET_JOIN_MIN;
	memcpy(sent, &known.join, WIRE_NET_JOIN_MIN);
	memcpy(sent + WIRE_NET_JOIN_MIN, known.forward, sizeof known.forward);
	join = wire_join_take(sent, sizeof sent, &len, NULL);
	assert_non_null(join);
	assert_int_equal(join->n_nics, 1);
	assert_int_equal(join->n_items, 1);
	assert_memory_equal(join->forwards, known.forward, sizeof known.forward);
	assert_string_equal(wire_join_nics(join)->veth, "mgr64a36864b3a");
	assert_memory_equal(wire_join_items(join), &known.item[0], sizeof known.item[0]);
}

static void forwards_come_and_go_in_a_request(void **state)
{
	const struct request known = good();
	autofree struct wire_net_join *join = NULL;
	size_t len;

	(void)state;
	join = wire_join_take(&known, sizeof known, &len, NULL);
	assert_non_null(join);
	assert_int_equal(wire_join_add_forward(&join, &len, &known.forward[0]), 0);
	assert_int_equal(len, sizeof known + sizeof known.forward[0]);
	assert_memory_equal(&join->forwards[2], &known.forward[0], sizeof known.forward[0]);
	assert_memory_equal(wire_join_nics(join), known.nic, sizeof known.nic);
	assert_memory_equal(wire_join_items(join), known.item, sizeof known.item);
	wire_join_del_forward(join, &len, 2);
	assert_int_equal(len, sizeof known);
	assert_memory_equal(join, &known, sizeof known);
}

static void a_good_request_is_taken(void **state)
{
	struct request r = good();
	struct nft_elements l = { 0 };

	(void)state;
	assert_int_equal(check(&r, sizeof r), 0);
	assert_int_equal(join_elements(&r.join, &bridge, &l, NULL), 0);
	assert_int_equal(l.n, 4);
	assert_int_equal(l.v[2].port, 8082);
	assert_int_equal(l.v[2].target, 82);
	assert_true(nft_is_any(&l.v[2]));
	assert_int_equal(nft_ipv4(&l.v[3].host).s_addr, htonl(INADDR_LOOPBACK));
	nft_elements_done(&l);
}

static void a_forward_for_every_address_is_of_both_families(void **state)
{
	struct bridge b = bridge;
	struct request r = good();
	struct nft_elements l = { 0 };
	const struct in6_addr guest = ip("fd00:1:2::2");

	(void)state;
	b.has6 = true;
	b.net6 = ip("fd00:1:2::");
	r.join.ipv6 = 1;
	r.forward[1] = (struct wire_forward){
		.proto = IPPROTO_TCP, .family = AF_INET6, .port = 90, .last = 90, .target = 90, .addr = { [15] = 1 }
	};
	assert_int_equal(join_elements(&r.join, &b, &l, NULL), 0);
	assert_int_equal(l.n, 7);
	assert_false(l.v[4].second);
	assert_true(l.v[5].second);
	assert_true(IN6_ARE_ADDR_EQUAL(&l.v[5].guest, &guest));
	assert_true(IN6_IS_ADDR_LOOPBACK(&l.v[6].host));
	nft_elements_done(&l);
}

static void lengths_and_texts_are_checked(void **state)
{
	struct request r = good();

	(void)state;
	assert_int_equal(check(&r, sizeof r - 1), -EBADMSG);
	assert_int_equal(check(&r, sizeof r.join), -EBADMSG);
	r.join.n_forwards = UINT32_MAX;
	assert_int_equal(check(&r, sizeof r), -EBADMSG);
	r = good();
	r.join.head--;
	assert_int_equal(check(&r, sizeof r), -EBADMSG);
	r = good();
	r.join.forward = 0;
	assert_int_equal(check(&r, sizeof r), -EBADMSG);
	r = good();
	r.join.n_nics = UINT32_MAX;
	assert_int_equal(check(&r, sizeof r), -EBADMSG);
	r = good();
	r.join.item--;
	assert_int_equal(check(&r, sizeof r), -EBADMSG);
	r = good();
	r.item[0].nic = 2;
	assert_int_equal(check(&r, sizeof r), -EBADMSG);
	r = good();
	memset(r.nic[1].veth, 'x', sizeof r.nic[1].veth);
	assert_int_equal(check(&r, sizeof r), -EBADMSG);
	r = good();
	r.join.head = UINT32_MAX;
	assert_int_equal(check(&r, sizeof r), -EBADMSG);
	r = good();
	memset(r.join.name, 'x', sizeof r.join.name);
	assert_int_equal(check(&r, sizeof r), -EBADMSG);
	r = good();
	strcpy(r.join.name, "../web");
	assert_int_equal(check(&r, sizeof r), -EINVAL);
	r = good();
	strcpy(r.join.uuid, "../../../../../../../etc/resolv.conf");
	assert_int_equal(check(&r, sizeof r), -EINVAL);
}

static void addresses_and_ports_are_checked(void **state)
{
	struct request r = good();

	(void)state;
	r.join.ipv4 = ip4("10.119.0.2");
	assert_int_equal(check(&r, sizeof r), -EINVAL);
	r.join.ipv4 = ip4("10.118.0.1");
	assert_int_equal(check(&r, sizeof r), -EINVAL);
	r = good();
	r.forward[0].proto = IPPROTO_ICMP;
	assert_int_equal(check(&r, sizeof r), -EINVAL);
	r = good();
	r.forward[0].last = 8079;
	assert_int_equal(check(&r, sizeof r), -EINVAL);
	r = good();
	r.forward[0].target = 65534;
	assert_int_equal(check(&r, sizeof r), -EINVAL);
	r = good();
	r.forward[0].port = 0;
	assert_int_equal(check(&r, sizeof r), -EINVAL);
	r = good();
	assert_int_equal(join_check_forward(&r.forward[0], NULL), 0);
	memset(r.forward[0].path, '/', sizeof r.forward[0].path);
	assert_int_equal(join_check_forward(&r.forward[0], NULL), -EINVAL);
	r.forward[0].family = AF_UNIX;
	assert_int_equal(join_check_forward(&r.forward[0], NULL), -EINVAL);
	assert_int_equal(join_check_uuid(r.join.uuid, NULL), 0);
	assert_int_equal(join_check_uuid("../../../../../../../../../../etc/x", NULL), -EINVAL);
	r = good();
	r.forward[1].family = AF_INET6;
	assert_int_equal(check(&r, sizeof r), -EAFNOSUPPORT);
}

/* --- what waits -------------------------------------------------------------------------------------------------------- */

static void what_waits_is_known_by_its_head(void **state)
{
	static const uint8_t four[] = { 0x46, 0, 0,   28, 0, 0, 0, 0, 64, IPPROTO_TCP,       0,    0,    192,  0,
					2,    1, 192, 0,  2, 9, 1, 1, 1,  1 /* an option */, 0xc0, 0x01, 0x1b, 0x58 };
	uint8_t six[40 + 8 + 8] = { 0x60, [6] = IPPROTO_HOPOPTS, [8] = 0xfd, [23] = 1, [24] = 0xfd, [39] = 2 };
	struct queue_packet p = { 0 };

	(void)state;
	assert_int_equal(queue_parse(four, sizeof four, &p), 0);
	assert_int_equal(p.proto, IPPROTO_TCP);
	assert_int_equal(p.from_port, 0xc001);
	assert_int_equal(p.port, 7000);
	assert_int_equal(nft_ipv4(&p.to).s_addr, htonl(0xc0000209));
	six[40] = IPPROTO_UDP;
	six[50] = 0x1b;
	six[51] = 0x58;
	assert_int_equal(queue_parse(six, sizeof six, &p), 0);
	assert_int_equal(p.proto, IPPROTO_UDP);
	assert_int_equal(p.port, 7000);
	assert_int_equal(p.to.s6_addr[15], 2);
	for (size_t n = 0; n < sizeof four; n++)
		assert_int_equal(queue_parse(four, n, &p), -EBADMSG);
	for (size_t n = 0; n < sizeof six; n++)
		assert_int_equal(queue_parse(six, n, &p), -EBADMSG);
	six[40] = IPPROTO_ICMPV6;
	assert_int_equal(queue_parse(six, sizeof six, &p), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_element_survives_coding),
		cmocka_unit_test(a_key_is_what_nft_writes),
		cmocka_unit_test(what_is_no_element_is_refused),
		cmocka_unit_test(elements_of_ten_thousand_forwards_are_messages_that_fit),
		cmocka_unit_test(an_empty_list_is_no_message),
		cmocka_unit_test(the_table_is_one_transaction),
		cmocka_unit_test(a_good_request_is_taken),
		cmocka_unit_test(a_longer_request_is_read_as_far_as_it_is_known),
		cmocka_unit_test(an_older_request_has_one_nic),
		cmocka_unit_test(forwards_come_and_go_in_a_request),
		cmocka_unit_test(a_forward_for_every_address_is_of_both_families),
		cmocka_unit_test(lengths_and_texts_are_checked),
		cmocka_unit_test(addresses_and_ports_are_checked),
		cmocka_unit_test(what_waits_is_known_by_its_head),
	};

	return cmocka_run_group_tests_name("netd", tests, NULL, NULL);
}
