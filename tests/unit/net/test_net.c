/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "net/forward.h"
#include "net/names.h"
#include "net/rtnl.h"

static const char uuid[] = "64A36864-b358-40d0-bfb4-bb9b13c1fb7a";

static void names_fit_the_kernel(void **state)
{
	struct store own = { .id = "0123abcd" }, first = { .id = "" };
	char name[16];

	(void)state;
	assert_int_equal(net_veth_name(uuid, 0, name), 0);
	assert_string_equal(name, "mgr64a36864b3a");
	assert_int_equal(net_veth_name(uuid, 25, name), 0);
	assert_string_equal(name, "mgr64a36864b3z");
	assert_int_equal(net_veth_name(uuid, 26, name), -EINVAL);
	assert_int_equal(net_veth_name("64a36-8", 0, name), -EINVAL);
	net_bridge_name(&first, "", name);
	assert_string_equal(name, "mgrbr0");
	net_bridge_name(&own, "", name);
	assert_string_equal(name, "mgrbr-0123abcd");
	net_bridge_name(&first, "back", name);
	assert_string_equal(name, "mgr-back");
	net_bridge_name(&first, "twelve-bytes", name);
	assert_int_equal(strlen(name), 14);
	net_bridge_name(&own, "back", name);
	assert_int_equal(strlen(name), 14);
}

/* --- requests to the kernel ------------------------------------------------------------------------------------------- */

static void attributes_nest(void **state)
{
	struct ifinfomsg info = { .ifi_index = 7 };
	struct rtnl_msg m;
	size_t outer, inner;

	(void)state;
	rtnl_start(&m, RTM_NEWLINK, NLM_F_CREATE, &info, sizeof info);
	outer = rtnl_nest(&m, IFLA_LINKINFO);
	rtnl_put_str(&m, IFLA_INFO_KIND, "veth"); /* 4 + 5, padded to 12 */
	inner = rtnl_nest(&m, IFLA_INFO_DATA);
	rtnl_put_u32(&m, 1, 0x01020304);
	rtnl_nest_end(&m, inner);
	rtnl_nest_end(&m, outer);
	assert_false(m.full);
	assert_int_equal(m.head.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE);
	const struct rtattr *a = (const void *)(m.bytes + outer), *b = (const void *)(m.bytes + inner);
	assert_int_equal(a->rta_len, 4 + 12 + 4 + 8);
	assert_int_equal(b->rta_len, 4 + 8);
	assert_int_equal(m.head.nlmsg_len, outer + a->rta_len);
}

static void a_request_that_is_too_long_is_not_sent(void **state)
{
	struct ifinfomsg info = { 0 };
	char text[600];
	struct err err = { 0 };
	struct rtnl_msg m;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	rtnl_start(&m, RTM_NEWLINK, 0, &info, sizeof info);
	rtnl_put_str(&m, IFLA_IFALIAS, text);
	assert_false(m.full);
	rtnl_put_str(&m, IFLA_IFALIAS, text);
	assert_true(m.full);
	assert_true(m.head.nlmsg_len <= sizeof m.bytes);
	assert_int_equal(rtnl_talk(-1, &m, &err), -EMSGSIZE);
}

/* --- the plan -----------------------------------------------------------------------------------------------------------
 */

static int plan(const struct net_conf *conf, struct net_plan *ret, struct err *err)
{
	static const struct store store = { .manager_run = (char *)(uintptr_t) "/nonexistent" };

	err_clear(err);
	return net_plan(ret, conf, &store, "web", uuid, err);
}

static void host_and_empty_networks(void **state)
{
	struct nic_conf nic = { .type = NIC_HOST };
	struct net_conf conf = { .n = 1, .v = &nic };
	struct net_plan p;
	struct err err;

	(void)state;
	assert_int_equal(plan(&conf, &p, &err), 0);
	assert_true(p.host);
	net_plan_done(&p);
	nic.type = NIC_EMPTY;
	assert_int_equal(plan(&conf, &p, &err), 0);
	assert_false(p.host);
	assert_int_equal(p.n, 0);
	assert_null(p.join);
	net_plan_done(&p);
}

static void a_static_nic_on_a_bridge_of_the_users(void **state)
{
	struct nic_conf nic = { .type = NIC_VETH,
				.index = 1,
				.link = (char *)(uintptr_t) "br7",
				.has_hwaddr = true,
				.hwaddr = { 2, 1, 2, 3, 4, 5 },
				.ipv4 = { .n = 1, .v = { { .family = AF_INET, .addr = { 10, 9, 0, 5 }, .prefix = 24 } } },
				.ipv4_gateway = { .addr = { .family = AF_INET, .addr = { 10, 9, 0, 1 } } } };
	struct net_conf conf = { .n = 1, .v = &nic };
	struct net_plan p;
	struct err err;

	(void)state;
	assert_int_equal(plan(&conf, &p, &err), 0);
	assert_int_equal(p.n, 1);
	assert_string_equal(p.nics[0].link, "br7");
	assert_string_equal(p.nics[0].name, "eth1");
	assert_string_equal(p.nics[0].veth, "mgr64a36864b3b");
	assert_false(p.nics[0].managed);
	assert_int_equal(p.nics[0].n_addrs, 1);
	assert_memory_equal(p.nics[0].addrs[0].addr, "\x0a\x09\x00\x05", 4);
	assert_memory_equal(p.nics[0].gateway.addr, "\x0a\x09\x00\x01", 4);
	assert_null(p.join);
	net_plan_done(&p);
}

static void who_asks_for_no_reason_is_refused_all_the_same(void **state)
{
	struct nic_conf nics[2] = {
		[0] = { .type = NIC_VETH,
			.link = (char *)(uintptr_t) "br7",
			.ipv4 = { .n = 1, .v = { { .family = AF_INET, .addr = { 10, 9, 0, 5 }, .prefix = 24 } } } },
	};
	struct net_conf conf = { .n = 2, .v = nics };
	struct net_plan p;

	(void)state;
	nics[1] = nics[0];
	nics[1].index = 1;
	assert_int_equal(plan(&conf, &p, NULL), -EINVAL);
}

static void a_mac_that_is_not_set_is_made_of_the_uuid(void **state)
{
	static const char one[] = "64a36864-b3b1-4b0e-9a57-3f1f1c2b4a90";
	uint8_t a[6], b[6];

	(void)state;
	net_mac(one, 0, a);
	net_mac(one, 0, b);
	assert_memory_equal(a, b, 6);
	assert_int_equal(a[0] & 3, 2);
	net_mac(one, 1, b);
	assert_memory_not_equal(a, b, 6);
	net_mac("64a36864-b3b1-4b0e-9a57-3f1f1c2b4a91", 0, b);
	assert_memory_not_equal(a, b, 6);
}

static void what_cannot_be_is_refused(void **state)
{
	struct wire_forward forward = { .proto = IPPROTO_TCP, .port = 80, .last = 80, .target = 80 };
	struct nic_conf nics[] = { { .type = NIC_VETH, .link = (char *)(uintptr_t) "br7" }, { .type = NIC_HOST } };
	struct net_conf conf = { .n = 1, .v = nics };
	struct net_plan p;
	struct err err;

	(void)state;
	conf.forward = (struct forward_conf){ .n = 1, .v = &forward };
	assert_int_equal(plan(&conf, &p, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "forward.port"));
	conf.n = 2;
	assert_int_equal(plan(&conf, &p, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "type = host"));
	conf = (struct net_conf){ .n = 1, .v = nics };
	nics[0].name = (char *)(uintptr_t) "a-name-of-16-let";
	assert_int_equal(plan(&conf, &p, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "longer than an interface's name"));
}

static void a_forward_that_has_no_text_is_none(void **state)
{
	struct wire_forward good, bad;

	(void)state;
	assert_int_equal(net_forward_parse("udp:[fd00::1]:8000-8001:80-81", &good, NULL), 0);
	assert_int_equal(net_forward_check(&good, NULL), 0);
	bad = good;
	bad.proto = 7;
	assert_int_equal(net_forward_check(&bad, NULL), -EBADMSG);
	bad = good;
	bad.family = AF_INET;
	assert_int_equal(net_forward_check(&bad, NULL), -EBADMSG);
	bad = good;
	bad.last = 1;
	assert_int_equal(net_forward_check(&bad, NULL), -EBADMSG);
	bad = good;
	bad.target = 65535;
	assert_int_equal(net_forward_check(&bad, NULL), -EBADMSG);
	bad.port = bad.last = bad.target = 0;
	assert_int_equal(net_forward_check(&bad, NULL), -EBADMSG);
}

/* --- resolv.conf --------------------------------------------------------------------------------------------------------
 */

static char folder[] = "/tmp/test_net.XXXXXX";
static int root = -1;

static int new_root(void **state)
{
	(void)state;
	strcpy(folder + sizeof folder - 7, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return mkdirat(root, "etc", 0755) || mkdirat(root, "run", 0755);
}

static int remove_root(void **state)
{
	(void)state;
	close(root);
	return file_remove_tree_at(AT_FDCWD, folder, NULL);
}

static void write_file(const char *path, const char *text)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void resolve_by(const char *address)
{
	struct in_addr addr;

	inet_pton(AF_INET, address, &addr);
	assert_int_equal(net_resolv_conf(root, addr, "mgr", NULL), 0);
}

static bool names(const char *path, const char *address)
{
	char *text = NULL;
	bool found;

	assert_int_equal(file_read_at(root, path, 4096, &text, NULL, NULL), 0);
	found = strstr(text, address) != NULL;
	free(text);
	return found;
}

static void resolv_conf_is_made_and_kept_up(void **state)
{
	(void)state;
	resolve_by("10.118.0.1");
	assert_true(names("etc/resolv.conf", "nameserver 10.118.0.1\n"));
	resolve_by("10.119.0.1");
	assert_true(names("etc/resolv.conf", "nameserver 10.119.0.1\n"));
	assert_false(names("etc/resolv.conf", "10.118.0.1"));
}

static void resolv_conf_of_the_guests_own_is_left(void **state)
{
	(void)state;
	write_file("etc/resolv.conf", "nameserver 192.0.2.1\n");
	resolve_by("10.118.0.1");
	assert_false(names("etc/resolv.conf", "10.118.0.1"));
}

static void a_link_into_run_is_followed(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("../run/systemd/resolve/stub-resolv.conf", root, "etc/resolv.conf"), 0);
	resolve_by("10.118.0.1");
	assert_true(names("run/systemd/resolve/stub-resolv.conf", "nameserver 10.118.0.1\n"));
}

static void a_link_never_leaves_the_root(void **state)
{
	char target[64];

	(void)state;
	snprintf(target, sizeof target, "../../../../../..%s.outside", folder);
	assert_int_equal(symlinkat(target, root, "etc/resolv.conf"), 0);
	resolve_by("10.118.0.1");
	snprintf(target, sizeof target, "%s.outside", folder);
	assert_int_equal(access(target, F_OK), -1);
}

static void a_root_without_etc_is_no_failure(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(root, "etc", AT_REMOVEDIR), 0);
	resolve_by("10.118.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_fit_the_kernel),
		cmocka_unit_test(attributes_nest),
		cmocka_unit_test(a_request_that_is_too_long_is_not_sent),
		cmocka_unit_test(host_and_empty_networks),
		cmocka_unit_test(a_static_nic_on_a_bridge_of_the_users),
		cmocka_unit_test(who_asks_for_no_reason_is_refused_all_the_same),
		cmocka_unit_test(a_mac_that_is_not_set_is_made_of_the_uuid),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(a_forward_that_has_no_text_is_none),
		cmocka_unit_test_setup_teardown(resolv_conf_is_made_and_kept_up, new_root, remove_root),
		cmocka_unit_test_setup_teardown(resolv_conf_of_the_guests_own_is_left, new_root, remove_root),
		cmocka_unit_test_setup_teardown(a_link_into_run_is_followed, new_root, remove_root),
		cmocka_unit_test_setup_teardown(a_link_never_leaves_the_root, new_root, remove_root),
		cmocka_unit_test_setup_teardown(a_root_without_etc_is_no_failure, new_root, remove_root),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
