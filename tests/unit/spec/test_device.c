/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/device.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void set(struct spec *spec, const char *const *sets)
{
	struct err err = { 0 };

	spec_init(spec);
	for (; *sets; sets++)
		assert_int_equal(spec_set(spec, *sets, &err), 0);
}

/* What `word` says of net.N, as one text. */
static int add(const char *word, unsigned number, struct str *ret, struct err *err)
{
	autocall(strv_done) struct strv pieces = { 0 }, sets = { 0 };
	autocall(spec_done) struct spec spec;
	char *words[] = { (char *)(uintptr_t)word, NULL };
	int r = spec_pieces(words, &pieces, err);

	spec_init(&spec);
	if (r == 0)
		r = spec_nic_add(&spec, &pieces, number, &sets, err);
	for (size_t i = 0; i < sets.n; i++)
		str_addf(ret, "%s%s", i ? " " : "", sets.v[i]);
	return r;
}

static void words_are_assignments(void **state)
{
	static const char *const cases[][2] = {
		{ "", "net.2.type=veth" },
		{ "link=br0,name=eth1", "net.2.type=veth net.2.link=br0 net.2.name=eth1" },
		{ "type=phys,link=x0", "net.2.type=phys net.2.link=x0" },
		{ "ipv4.address=10.0.0.5/24,10.0.0.6/24,mtu=1400",
		  "net.2.type=veth net.2.ipv4.address+=10.0.0.5/24 net.2.ipv4.address+=10.0.0.6/24 net.2.mtu=1400" },
		{ "script.up=/bin/a b,c", "net.2.type=veth net.2.script.up=/bin/a b,c" },
		{ ",link=br0,,index=2,", "net.2.type=veth net.2.link=br0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		autocall(str_done) struct str text = { 0 };
		struct err err = { 0 };
		assert_int_equal(add(cases[i][0], 2, &text, &err), 0);
		assert_string_equal(str_text(&text), cases[i][1]);
	}
}

static void wrong_words_are_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "br0", "'br0' is not KEY=VALUE" },
		{ "=br0", "'=br0' is not KEY=VALUE" },
		{ "link=br0,lnik=x", "net.1: unknown key 'lnik'; did you mean 'link'?" },
		{ "mtu=12", "net.1.mtu: '12' is not a whole number from 68 to 65535" },
		{ "mtu=1400,5", "net.1.mtu: '1400,5' is not a whole number from 68 to 65535" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		autocall(str_done) struct str text = { 0 };
		struct err err = { 0 };
		assert_int_equal(add(cases[i][0], 1, &text, &err), -EINVAL);
		assert_string_equal(err.msg, cases[i][1]);
	}
}

static int choose(const struct spec *running, const struct spec *configured, const char *piece, struct err *err)
{
	autocall(strv_done) struct strv pieces = { 0 };
	unsigned number;
	int r;

	assert_int_equal(piece ? strv_add(&pieces, piece) : 0, 0);
	r = spec_nic_number(running, configured, &pieces, &number, err);
	return r < 0 ? r : (int)number;
}

static void a_number_is_free_in_both_and_its_name_too(void **state)
{
	static const char *const runs[] = { "net.0.link=br0", "net.2.name=eth3", "net.5.type=empty", NULL };
	static const char *const next[] = { "net.1.link=br0", NULL };
	autocall(spec_done) struct spec running, configured;
	struct err err = { 0 };
	char text[24];

	(void)state;
	set(&running, runs);
	set(&configured, next);
	assert_int_equal(choose(&running, &configured, NULL, &err), 4);
	assert_int_equal(choose(&running, &configured, "index=3", &err), 3);
	assert_int_equal(choose(&running, &configured, "index=1", &err), -EEXIST);
	assert_string_equal(err.msg, "index: its configuration has another net.1");
	assert_int_equal(choose(&running, &configured, "index=2", &err), -EEXIST);
	assert_int_equal(choose(&running, &configured, "index=16", &err), -EINVAL);
	assert_int_equal(choose(&running, &configured, "index=", &err), -EINVAL);
	for (unsigned i = 0; i < 16; i++) {
		str_print(text, sizeof text, "net.%u.link=br0", i);
		assert_int_equal(spec_set(&running, text, &err), 0);
	}
	assert_int_equal(choose(&running, &configured, NULL, &err), -ENOSPC);
}

static void one_is_found_by_number_name_or_values(void **state)
{
	static const char *const sets[] = { "net.0.link=br0",
					    "net.3.name=lan0",
					    "net.3.link=br0",
					    "net.3.ipv4.address=10.0.0.5/24",
					    "net.3.ipv4.address+=10.0.0.6/24",
					    "net.4.type=phys",
					    "net.4.link=card0",
					    NULL };
	static const struct {
		const char *word;
		int number;
	} cases[] = {
		{ "3", 3 },
		{ "net.3", 3 },
		{ "lan0", 3 },
		{ "name=lan0", 3 },
		{ "eth0", 0 },
		{ "card0", 4 },
		{ "name=card0", 4 },
		{ "link=card0", 4 },
		{ "index=3", 3 },
		{ "link=br0", -EINVAL },
		{ "link=br0,name=eth0", 0 },
		{ "ipv4.address=10.0.0.6/24", 3 },
		{ "ipv4.address=10.0.0.7/24", -ENOENT },
		{ "eth3", -ENOENT },
		{ "5", -ENOENT },
		{ "index=3,link=br9", -ENOENT },
		{ "lnik=br0", -EINVAL },
	};
	autocall(spec_done) struct spec spec;

	(void)state;
	set(&spec, sets);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		autocall(strv_done) struct strv pieces = { 0 };
		char *words[] = { (char *)(uintptr_t)cases[i].word, NULL };
		struct err err = { 0 };
		unsigned number;
		assert_int_equal(spec_pieces(words, &pieces, &err), 0);
		int r = spec_nic_find(&spec, &pieces, &number, &err);
		if ((r < 0 ? r : (int)number) != cases[i].number)
			fail_msg("'%s': %d (%s)", cases[i].word, r < 0 ? r : (int)number, err.msg);
	}
	assert_int_equal(spec_nic_drop(&spec, 3, NULL), 0);
	assert_null(spec_nic(&spec, 3));
	assert_int_equal(spec.net.n, 2);
	assert_int_equal(spec_nic_drop(&spec, 3, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_assignments),
		cmocka_unit_test(wrong_words_are_refused),
		cmocka_unit_test(a_number_is_free_in_both_and_its_name_too),
		cmocka_unit_test(one_is_found_by_number_name_or_values),
	};

	return cmocka_run_group_tests_name("spec/device", tests, NULL, NULL);
}
