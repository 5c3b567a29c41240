/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "store/ids.h"
#include "store/leases.h"

#define PROCESSES 10
#define EACH      20

static char root[64];
static struct store store;
static struct err err;

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/mgr-test.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	setenv("MGR_ROOT", root, 1);
	return store_open(&store, NULL, &err) < 0 ? -1 : store_make(&store, &err);
}

static int teardown(void **state)
{
	(void)state;
	store_done(&store);
	return file_remove_tree_at(AT_FDCWD, root, &err);
}

/* The container number n: its uuid, and a config that holds it. */
static void own(unsigned n, struct lease *ret)
{
	autofree char *folder = NULL;

	*ret = (struct lease){ .mac = { 2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n } };
	str_print(ret->uuid, sizeof ret->uuid, "00000000-0000-4000-8000-%012x", n);
	str_print(ret->name, sizeof ret->name, "c%u", n);
	folder = str_fmt("%s/%s", store.containers, ret->name);
	mkdir(folder, 0700);
	autoclose int fd = open(folder, O_RDONLY | O_DIRECTORY);
	file_replace_at(fd, "config", ret->uuid, sizeof ret->uuid - 1, 0600, NULL);
}

static void disown(unsigned n)
{
	autofree char *folder = str_fmt("%s/c%u", store.containers, n);

	assert_int_equal(file_remove_tree_at(AT_FDCWD, folder, &err), 0);
}

static struct in_addr addr(const char *text)
{
	struct in_addr in = { 0 };

	assert_int_equal(inet_pton(AF_INET, text, &in), 1);
	return in;
}

static uint32_t reserve_ids(unsigned n)
{
	struct lease lease;
	uint32_t first = 0;

	own(n, &lease);
	assert_int_equal(ids_reserve(&store, lease.uuid, lease.name, &first, &err), 0);
	return first;
}

static void ranges_do_not_overlap(void **state)
{
	uint32_t a = reserve_ids(1), b = reserve_ids(2);

	(void)state;
	assert_int_equal(a % IDS_COUNT, 0);
	assert_int_equal(b % IDS_COUNT, 0);
	assert_int_not_equal(a, b);
	assert_true(a > IDS_FIRST && b > IDS_FIRST); /* not the default manager */
}

static void a_range_that_a_user_chose_is_given_to_nobody_else(void **state)
{
	const uint32_t next = reserve_ids(1) + IDS_COUNT;
	struct ids_range chosen = { next + 1, 2 * IDS_COUNT }; /* meets three slots, and is none of them by name */
	struct lease lease;

	(void)state;
	own(2, &lease);
	assert_int_equal(ids_claim(&store, lease.uuid, lease.name, &chosen, 1, &err), 0);
	assert_int_equal(reserve_ids(3), next + 3 * IDS_COUNT);
	assert_int_equal(ids_check(&store, lease.uuid, &chosen, 1, &err), 0);
}

static void what_a_user_chose_in_a_slot_is_no_more_than_that(void **state)
{
	const uint32_t slot = reserve_ids(1) + IDS_COUNT;
	struct ids_range one = { slot, 1000 }, two = { slot + 1000, 1000 }, more = { slot, 2000 };
	struct lease a, b;

	(void)state;
	own(2, &a);
	own(3, &b);
	assert_int_equal(ids_claim(&store, a.uuid, a.name, &one, 1, &err), 0);
	assert_int_equal(ids_claim(&store, b.uuid, b.name, &two, 1, &err), 0);
	assert_int_equal(ids_check(&store, a.uuid, &one, 1, &err), 0);
	assert_int_equal(ids_check(&store, a.uuid, &more, 1, &err), -EADDRINUSE);
}

static int claim(unsigned n, uint32_t first, uint32_t count)
{
	struct ids_range range = { first, count };
	struct lease lease;

	own(n, &lease);
	return ids_claim(&store, lease.uuid, lease.name, &range, 1, &err);
}

static void every_range_that_a_user_chose_is_its_own_until_it_is_destroyed(void **state)
{
	struct ids_range ranges[] = { { 100000, 1000 }, { 200000, 1000 }, { 100500, 1000 } };
	struct lease lease;

	(void)state;
	own(1, &lease);
	assert_int_equal(ids_claim(&store, lease.uuid, lease.name, ranges, 3, &err), 0);
	assert_int_equal(claim(2, 100999, 1), -EADDRINUSE);
	assert_int_equal(claim(2, 101499, 1), -EADDRINUSE);
	assert_int_equal(claim(2, 200999, 10), -EADDRINUSE);
	assert_int_equal(claim(2, 199000, 1000) | claim(2, 101500, 10), 0);
	assert_int_equal(claim(1, 300000, 1), 0); /* later, and besides */
	assert_int_equal(claim(1, 100000, 1500) | claim(1, 200000, 1000), 0);
	assert_int_equal(claim(2, 300000, 1), -EADDRINUSE);
	assert_int_equal(claim(2, 199000, 2000), -EADDRINUSE);
	assert_int_equal(ids_release(&store, lease.uuid, &err), 0);
	assert_int_equal(claim(2, 100000, 300000), 0);
}

static void what_a_user_chooses_may_have_been_a_dead_one_s(void **state)
{
	(void)state;
	assert_int_equal(claim(1, 100000, 10), 0);
	assert_int_equal(claim(2, 100005, 10), -EADDRINUSE);
	disown(1);
	assert_int_equal(claim(2, 100005, 10), 0);
}

static void the_default_manager_begins_at_its_first(void **state)
{
	uint32_t first = 0;
	struct lease lease;

	(void)state;
	store.id[0] = '\0';
	own(1, &lease);
	assert_int_equal(ids_reserve(&store, lease.uuid, lease.name, &first, &err), 0);
	assert_int_equal(first, IDS_FIRST);
	assert_int_equal(ids_release(&store, lease.uuid, &err), 0);
	assert_int_equal(ids_release(&store, lease.uuid, &err), 0);
}

static void a_dead_owner_is_cleared_by_the_next_writer(void **state)
{
	struct lease lease = { .uuid = "00000000-0000-4000-8000-000000000001" };
	autofree char *entry = str_fmt("%s/.ids/by-uuid/%s", store.manager, lease.uuid);

	(void)state;
	reserve_ids(1);
	assert_int_equal(faccessat(AT_FDCWD, entry, F_OK, AT_SYMLINK_NOFOLLOW), 0);
	disown(1);
	reserve_ids(2);
	assert_int_equal(faccessat(AT_FDCWD, entry, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void an_owner_that_is_being_created_or_removed_keeps_it(void **state)
{
	autofree char *new = str_fmt("%s/.new", store.containers), *claim = str_fmt("%s/c1", new);
	autofree char *gone = str_fmt("%s/.gone", store.containers),
		      *folder = str_fmt("%s/00000000-0000-4000-8000-000000000001", claim);
	autofree char *remains = str_fmt("%s/00000000-0000-4000-8000-000000000002", gone);
	struct lease one, two;
	uint32_t first;

	(void)state;
	own(1, &one);
	own(2, &two);
	disown(1);
	disown(2);
	assert_int_equal(mkdir(new, 0700) + mkdir(claim, 0700) + mkdir(gone, 0700) + mkdir(remains, 0700), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(ids_reserve(&store, one.uuid, "C1", &first, &err), 0);
	assert_int_equal(ids_reserve(&store, two.uuid, two.name, &first, &err), 0);
	reserve_ids(3);
	for (const char *u = one.uuid; u; u = u == one.uuid ? two.uuid : NULL) {
		autofree char *entry = str_fmt("%s/.ids/by-uuid/%s", store.manager, u);
		assert_int_equal(faccessat(AT_FDCWD, entry, F_OK, AT_SYMLINK_NOFOLLOW), 0);
	}
}

static void a_lease_is_found_until_it_is_released(void **state)
{
	struct lease lease, found;

	(void)state;
	own(7, &lease);
	assert_int_equal(leases_find(&store, "", lease.uuid, &found, &err), -ENOENT);
	assert_int_equal(leases_reserve(&store, &lease, (struct in_addr){ 0 }, &err), 0);
	assert_int_equal(leases_find(&store, "", lease.uuid, &found, &err), 0);
	assert_int_equal(found.ipv4.s_addr, lease.ipv4.s_addr);
	assert_string_equal(found.name, "c7");
	assert_memory_equal(found.mac, lease.mac, 6);
	assert_int_equal(leases_release(&store, lease.uuid, &err), 0);
	assert_int_equal(leases_find(&store, "", lease.uuid, &found, &err), -ENOENT);
}

static void a_wanted_address_is_checked(void **state)
{
	static const char *const bad[] = { "10.118.0.5", "10.119.0.0", "10.119.0.1", "10.119.255.255", "10.120.0.2" };
	struct lease one, two;
	struct in_addr net;
	unsigned prefix;

	(void)state;
	assert_int_equal(leases_subnet(&store, "", &net, &prefix, &err), 0);
	assert_int_equal(prefix, 16);
	if (net.s_addr != addr("10.119.0.0").s_addr)
		skip(); /* this host has a route there */
	own(1, &one);
	own(2, &two);
	assert_int_equal(leases_reserve(&store, &one, addr("10.119.3.4"), &err), 0);
	assert_int_equal(leases_reserve(&store, &two, addr("10.119.3.4"), &err), -EADDRINUSE);
	assert_non_null(strstr(err.msg, "'c1'"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(leases_reserve(&store, &two, addr(bad[i]), &err), -EINVAL);
	disown(1);
	assert_int_equal(leases_reserve(&store, &two, addr("10.119.3.4"), &err), 0);
}

static void a_newer_format_is_refused(void **state)
{
	struct lease lease;
	uint32_t first;

	(void)state;
	reserve_ids(1);
	autofree char *format = str_fmt("%s/.ids/format", store.manager);
	assert_int_equal(file_replace_at(AT_FDCWD, format, "2\n", 2, 0600, &err), 0);
	own(2, &lease);
	assert_int_equal(ids_reserve(&store, lease.uuid, lease.name, &first, &err), -EPROTO);
}

static void reserve_many(unsigned from)
{
	for (unsigned n = from; n < from + EACH; n++) {
		struct lease lease;
		uint32_t first;
		own(n, &lease);
		if (ids_reserve(&store, lease.uuid, lease.name, &first, NULL) < 0 ||
		    leases_reserve(&store, &lease, (struct in_addr){ 0 }, NULL) < 0)
			_exit(1);
		if (n % 3 == 0 &&
		    (ids_release(&store, lease.uuid, NULL) < 0 || leases_release(&store, lease.uuid, NULL) < 0))
			_exit(1);
	}
	_exit(0);
}

static int count(const struct lease *lease, void *data)
{
	(void)lease;
	++*(unsigned *)data;
	return 0;
}

static unsigned entries(const char *folder)
{
	autofree char *path = str_fmt("%s/%s", store.manager, folder);
	autoclosedir DIR *dir = opendir(path);
	unsigned n = 0;

	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		n += e->d_name[0] != '.';
	return n;
}

/* The nth address of the subnet behind the lease's. */
static struct in_addr further(const struct lease *lease, uint32_t n)
{
	return (struct in_addr){ htonl(ntohl(lease->ipv4.s_addr) + n) };
}

static void what_is_not_kept_is_free_and_the_rest_is_released_at_the_end(void **state)
{
	autocall(strv_done) struct strv keep = { 0 };
	struct lease lease, found;
	char text[INET_ADDRSTRLEN];

	(void)state;
	own(7, &lease);
	assert_int_equal(leases_reserve(&store, &lease, (struct in_addr){ 0 }, &err), 0);
	for (uint32_t n = 1; n <= 4; n++) {
		struct in_addr one = further(&lease, n);
		assert_int_equal(leases_claim(&store, "", lease.uuid, "c7", one, &err), 0);
		if (n == 2 || n == 4)
			assert_int_equal(strv_add(&keep, inet_ntop(AF_INET, &one, text, sizeof text)), 0);
	}
	assert_int_equal(entries(".leases/by-slot"), 5);
	assert_int_equal(leases_keep(&store, "", lease.uuid, true, &keep, &err), 0);
	assert_int_equal(entries(".leases/by-slot"), 3);
	assert_int_equal(leases_find(&store, "", lease.uuid, &found, &err), 0);
	/* those that stay are its own all the same, and the others anybody's */
	assert_int_equal(leases_claim(&store, "", lease.uuid, "c7", further(&lease, 4), &err), 0);
	assert_int_equal(entries(".leases/by-slot"), 3);
	assert_int_equal(leases_keep(&store, "", lease.uuid, false, &keep, &err), 0);
	assert_int_equal(leases_find(&store, "", lease.uuid, &found, &err), -ENOENT);
	assert_int_equal(entries(".leases/by-slot"), 2);
	assert_int_equal(leases_release(&store, lease.uuid, &err), 0);
	assert_int_equal(entries(".leases/by-slot"), 0);
	assert_int_equal(entries(".leases/by-uuid"), 0);
}

static void name_in_config(const struct lease *lease, const struct strv *addresses)
{
	autofree char *path = str_fmt("%s/%s/config", store.containers, lease->name);
	autofree char *text = str_fmt("%s\n%s\n%s\n", lease->uuid, addresses->v[0], addresses->v[1]);

	assert_int_equal(file_replace_at(AT_FDCWD, path, text, strlen(text), 0600, &err), 0);
}

static int keep_in_child(const struct lease *lease, const struct strv *keep, const char *point)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		setenv("MGR_DEBUG_KILL", point, 1);
		leases_keep(&store, "", lease->uuid, false, keep, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void a_kill_while_some_are_freed_loses_none_that_is_kept(void **state)
{
	static const char *const points[] = { "registry:freed", "registry:linked", "registry:renamed" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		autocall(strv_done) struct strv keep = { 0 };
		struct lease lease = { 0 }, other;
		char text[INET_ADDRSTRLEN];
		own(8, &lease);
		own(9, &other);
		assert_int_equal(leases_reserve(&store, &lease, (struct in_addr){ 0 }, &err), 0);
		for (uint32_t n = 1; n <= 3; n++) {
			struct in_addr one = further(&lease, n);
			assert_int_equal(leases_claim(&store, "", lease.uuid, "c8", one, &err), 0);
			if (n > 1)
				assert_int_equal(strv_add(&keep, inet_ntop(AF_INET, &one, text, sizeof text)), 0);
		}
		name_in_config(&lease, &keep);
		assert_int_equal(keep_in_child(&lease, &keep, points[i]), SIGKILL);
		/* what is kept is its own alone, what was freed anybody's */
		assert_int_equal(leases_claim(&store, "", other.uuid, "c9", further(&lease, 2), NULL), -EADDRINUSE);
		assert_int_equal(leases_claim(&store, "", other.uuid, "c9", further(&lease, 3), NULL), -EADDRINUSE);
		assert_int_equal(leases_claim(&store, "", other.uuid, "c9", further(&lease, 1), &err), 0);
		assert_int_equal(leases_release(&store, other.uuid, &err), 0);
		assert_int_equal(leases_release(&store, lease.uuid, &err), 0);
		assert_int_equal(entries(".leases/by-slot"), 0);
		assert_int_equal(entries(".leases/by-uuid"), 0);
	}
}

static void processes_side_by_side(void **state)
{
	unsigned kept = 0, counted = 0;
	int status;

	(void)state;
	for (unsigned p = 0; p < PROCESSES; p++)
		if (fork() == 0)
			reserve_many(p * EACH);
	for (unsigned p = 0; p < PROCESSES; p++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	for (unsigned n = 0; n < PROCESSES * EACH; n++)
		kept += n % 3 != 0;
	assert_int_equal(leases_each(&store, "", count, &counted, &err), 0);
	assert_int_equal(counted, kept);
	assert_int_equal(entries(".leases/by-uuid"), kept);
	assert_int_equal(entries(".ids/by-slot"), kept);
	assert_int_equal(entries(".ids/by-uuid"), kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ranges_do_not_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(a_range_that_a_user_chose_is_given_to_nobody_else, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_user_chose_in_a_slot_is_no_more_than_that, setup, teardown),
		cmocka_unit_test_setup_teardown(every_range_that_a_user_chose_is_its_own_until_it_is_destroyed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_a_user_chooses_may_have_been_a_dead_one_s, setup, teardown),
		cmocka_unit_test_setup_teardown(the_default_manager_begins_at_its_first, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_owner_is_cleared_by_the_next_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(an_owner_that_is_being_created_or_removed_keeps_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_lease_is_found_until_it_is_released, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_kept_is_free_and_the_rest_is_released_at_the_end, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_kill_while_some_are_freed_loses_none_that_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wanted_address_is_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(a_newer_format_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(processes_side_by_side, setup, teardown),
	};

	return cmocka_run_group_tests_name("store/registry", tests, NULL, NULL);
}
