/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "mount/entry.h"
#include "mount/volume.h"

static const char mounts[] = "20 1 8:1 / / rw - ext4 /dev/sda rw\n"
			     "21 20 0:5 / /proc rw - proc none rw\n"
			     "30 20 8:1 /srv/a /mnt/a\\040b rw,relatime - ext4 /dev/sda rw\n"
			     "31 20 8:1 /srv/b /mnt/b rw shared:7 - ext4 /dev/sda rw\n"
			     "32 31 0:9 / /mnt/b rw - tmpfs none rw\n"
			     "33 32 0:9 / /mnt/b rw - tmpfs none rw\n"
			     "34 31 0:9 / /mnt/b/c rw - tmpfs none rw\n"
			     "no line\n"
			     "7";

static int find(uint64_t id, struct mount_place *ret)
{
	autofree char *text = strdup(mounts);
	struct err err = { 0 };

	return mount_find_place(text, id, ret, &err);
}

static void a_mount_is_found_by_its_number(void **state)
{
	struct mount_place place;

	(void)state;
	assert_int_equal(find(30, &place), 1);
	assert_string_equal(place.path, "/mnt/a b");
	assert_int_equal(place.top, 30);
	free(place.path);
}

static void what_covers_it_is_the_topmost(void **state)
{
	struct mount_place place;

	(void)state;
	assert_int_equal(find(31, &place), 1);
	assert_string_equal(place.path, "/mnt/b");
	assert_int_equal(place.top, 33);
	free(place.path);
}

static void what_is_not_seen_is_gone(void **state)
{
	struct mount_place place;

	(void)state;
	assert_int_equal(find(35, &place), 0);
	assert_int_equal(find(7, &place), 0);
	assert_int_equal(find(0, &place), 0);
	assert_null(place.path);
}

static void a_target_is_one_place_however_it_is_written(void **state)
{
	struct mount_entry e = { .target = (char[]){ "srv//a/./b/" } };

	(void)state;
	assert_true(mount_entry_is_on(&e, "/srv/a/b"));
	assert_true(mount_entry_is_on(&e, "./srv/a/b/."));
	assert_false(mount_entry_is_on(&e, "/srv/a"));
	assert_false(mount_entry_is_on(&e, "/srv/a/b/c"));
	assert_false(mount_entry_is_on(&e, "/srv/a/bc"));
	assert_false(mount_entry_is_on(&e, "/"));
}

static void expect(const char *text, const char *wanted)
{
	autocall(str_done) struct str entry = { 0 };
	struct err err = { 0 };
	int r = mount_volume_entry(text, &entry, &err);

	if (wanted)
		assert_string_equal(r < 0 ? err.msg : str_text(&entry), wanted);
	else
		assert_true(r < 0);
}

static void a_volume_is_an_entry(void **state)
{
	(void)state;
	expect("/tmp:/x", "/tmp /x none rbind,idmap,create");
	expect("/tmp:/x:ro,create,idmap,exposed", "/tmp /x none rbind,idmap,create,ro,exposed");
	expect("/no/s uch:/x y:optional", "/no/s\\040uch /x\\040y none rbind,idmap,create,optional");
	expect("/no/such:/x", "'/no/such': No such file or directory");
	expect("/tmp:/x:", "/tmp /x none rbind,idmap,create");
	expect("tmp:/x", NULL);
	expect("/tmp:x", NULL);
	expect("/tmp", NULL);
	expect("/tmp:/x:relative", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mount_is_found_by_its_number),
		cmocka_unit_test(what_covers_it_is_the_topmost),
		cmocka_unit_test(what_is_not_seen_is_gone),
		cmocka_unit_test(a_target_is_one_place_however_it_is_written),
		cmocka_unit_test(a_volume_is_an_entry),
	};

	return cmocka_run_group_tests_name("mount/place", tests, NULL, NULL);
}
