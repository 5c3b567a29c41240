/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ns/ns.h"

static const struct idmap two = {
	.mode = IDMAP_MAP,
	.n = 3,
	.v = { { false, 0, 100000, 1000 }, { false, 1000, 1000, 1 }, { true, 0, 200000, 65536 } },
};

static void each_range_maps_its_own(void **state)
{
	(void)state;
	assert_int_equal(idmap_to_host(&two, false, 0), 100000);
	assert_int_equal(idmap_to_host(&two, false, 999), 100999);
	assert_int_equal(idmap_to_host(&two, false, 1000), 1000);
	assert_int_equal(idmap_to_host(&two, true, 1000), 201000);
}

static void outside_every_range_is_no_id(void **state)
{
	(void)state;
	assert_int_equal(idmap_to_host(&two, false, 1001), UINT32_MAX);
	assert_int_equal(idmap_to_host(&two, true, 65536), UINT32_MAX);
}

static void privileged_ids_are_the_hosts(void **state)
{
	const struct idmap none = { .mode = IDMAP_NONE };

	(void)state;
	assert_int_equal(idmap_to_host(&none, false, 1234), 1234);
	assert_int_equal(idmap_root(&none, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_range_maps_its_own),
		cmocka_unit_test(outside_every_range_is_no_id),
		cmocka_unit_test(privileged_ids_are_the_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
