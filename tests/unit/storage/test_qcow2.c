/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "storage/qcow2/chain.h"
#include "storage/qcow2/inflate.h"

#define CLUSTER 512U
#define L1      (2 * CLUSTER)
#define L2      (3 * CLUSTER)
#define DATA    (4 * CLUSTER)

/* A disk of 64 clusters of 512 bytes, with one L2 table and as many clusters of data, of which only the tables are made. */
static int make_disk(uint64_t size)
{
	const uint64_t header[] = {
		htobe64(UINT64_C(0x514649fb00000003)),
		0,
		htobe64(9),
		htobe64(size),
		htobe64(1),
		htobe64(L1),
		0,
		0,
		0,
		0,
		0,
		0,
		htobe64(UINT64_C(0x0000000400000068)),
	};
	const uint64_t l1 = htobe64(L2);
	int fd = memfd_create("disk", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, DATA + 64 * CLUSTER), 0);
	assert_int_equal(pwrite(fd, header, sizeof header, 0), sizeof header);
	assert_int_equal(pwrite(fd, &l1, sizeof l1, L1), sizeof l1);
	return fd;
}

static void put_entry(int fd, unsigned index, uint64_t entry)
{
	entry = htobe64(entry);
	assert_int_equal(pwrite(fd, &entry, sizeof entry, (off_t)(L2 + index * sizeof entry)), sizeof entry);
}

static int open_one(void *data, size_t above, const char *name, int *ret_fd, struct err *err)
{
	(void)above;
	if (name)
		return err_set(err, ENOENT, "there is none");
	*ret_fd = dup(*(const int *)data);
	return 0;
}

static struct chain chain;

static int try_open(int fd, struct err *err)
{
	memset(&chain, 0, sizeof chain);
	return chain_open(&chain, open_one, &fd, NULL, err);
}

static void is_refused(int fd, const char *why)
{
	struct err err = { 0 };

	assert_true(try_open(fd, &err) < 0);
	assert_non_null(strstr(err.msg, why));
	chain_done(&chain);
	close(fd);
}

static void a_stretch_of_clusters_side_by_side_is_one(void **state)
{
	struct table_at at = { 0 };
	struct err err = { 0 };
	uint64_t length = 64 * CLUSTER;
	struct place p;
	int fd = make_disk(64 * CLUSTER);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		put_entry(fd, i, DATA + i * CLUSTER);
	put_entry(fd, 3, DATA + 9 * CLUSTER);
	put_entry(fd, 5, DATA + 10 * CLUSTER + 1); /* zeros, with a place */
	put_entry(fd, 6, 1);
	assert_int_equal(try_open(fd, &err), 0);
	assert_int_equal(table_find(fd, &chain.layer[0].header, &at, 100, &length, &p, &err), 0);
	assert_int_equal(p.kind, PLACE_PLAIN);
	assert_int_equal(p.offset, DATA + 100);
	assert_int_equal(length, 3 * CLUSTER - 100);
	length = 10;
	table_find(fd, &chain.layer[0].header, &at, 3 * CLUSTER, &length, &p, &err);
	assert_int_equal(length, 10);
	length = 64 * CLUSTER;
	table_find(fd, &chain.layer[0].header, &at, 5 * CLUSTER, &length, &p, &err);
	assert_int_equal(p.kind, PLACE_ZERO);
	assert_int_equal(length, 2 * CLUSTER);
	length = 64 * CLUSTER;
	table_find(fd, &chain.layer[0].header, &at, 7 * CLUSTER, &length, &p, &err);
	assert_int_equal(p.kind, PLACE_BELOW);
	assert_int_equal(length, 57 * CLUSTER);
	chain_done(&chain);
	close(fd);
}

static void the_last_cluster_of_a_file_may_be_short(void **state)
{
	struct chain_reader r;
	struct err err = { 0 };
	char bytes[CLUSTER];
	int fd = make_disk(64 * CLUSTER);

	(void)state;
	put_entry(fd, 0, DATA);
	assert_int_equal(ftruncate(fd, DATA + 3), 0);
	assert_int_equal(pwrite(fd, "abc", 3, DATA), 3);
	assert_int_equal(try_open(fd, &err), 0);
	assert_int_equal(chain_reader_init(&r, &chain, &err), 0);
	memset(bytes, 'x', sizeof bytes);
	assert_int_equal(chain_read(&r, 0, bytes, sizeof bytes, &err), 0);
	assert_memory_equal(bytes, "abc\0\0", 5);
	assert_int_equal(bytes[CLUSTER - 1], 0);
	chain_reader_done(&r);
	/* One that becomes shorter while it is read is an error, and not zeros. */
	assert_int_equal(ftruncate(fd, DATA + 2), 0);
	assert_int_equal(chain_reader_init(&r, &chain, &err), 0);
	assert_true(chain_read(&r, 0, bytes, sizeof bytes, &err) < 0);
	chain_reader_done(&r);
	chain_done(&chain);
	close(fd);
}

static void entries_of_l2_that_lead_nowhere_are_refused(void **state)
{
	static const struct {
		uint64_t entry;
		const char *why;
	} bad[] = {
		{ DATA + 64 * CLUSTER, "outside of the file" },
		{ UINT64_C(1) << 55, "outside of the file" },
		{ DATA | 2, "bits that mean nothing" },
		{ DATA | UINT64_C(1) << 56, "bits that mean nothing" },
		{ UINT64_C(1) << 62 | (DATA + 64 * CLUSTER), "outside of the file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int fd = make_disk(64 * CLUSTER);
		put_entry(fd, 63, bad[i].entry);
		is_refused(fd, bad[i].why);
	}
}

static void a_size_beyond_the_l1_table_is_refused(void **state)
{
	(void)state;
	is_refused(make_disk(65 * CLUSTER), "too short");
	is_refused(make_disk(UINT64_MAX), "too short");
}

static void tables_that_are_there_more_than_once_are_refused(void **state)
{
	int fd = make_disk(UINT64_C(64) * CLUSTER * 1000);
	const uint32_t entries = htobe32(1000);
	const uint64_t entry = htobe64(DATA);

	(void)state;
	assert_int_equal(ftruncate(fd, DATA + 500 * CLUSTER), 0);
	assert_int_equal(pwrite(fd, &entries, sizeof entries, 36), sizeof entries);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(pwrite(fd, &entry, sizeof entry, L1 + i * (off_t)sizeof entry), sizeof entry);
	assert_int_equal(ftruncate(fd, L1 + 20 * CLUSTER), 0);
	assert_int_equal(ftruncate(fd, DATA + 500 * CLUSTER), 0);
	is_refused(fd, "more L2 tables than the file has room for");
}

static void a_stream_that_ends_early_is_no_cluster(void **state)
{
	char out[CLUSTER], plain[CLUSTER], packed[2 * CLUSTER];
	struct err err = { 0 };
	z_stream z = { 0 };

	(void)state;
	memset(plain, 'a', sizeof plain);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)plain;
	z.avail_in = sizeof plain - 1;
	z.next_out = (Bytef *)packed;
	z.avail_out = sizeof packed;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	assert_int_equal(inflate_cluster(packed, z.total_out, out, sizeof out - 1, &err), 0);
	assert_memory_equal(out, plain, sizeof out - 1);
	assert_int_equal(inflate_cluster(packed, z.total_out, out, sizeof out, &err), -EIO);
	assert_int_equal(inflate_cluster(packed, z.total_out / 2, out, sizeof out - 1, &err), -EIO);
	assert_int_equal(inflate_cluster("\xff\xff", 2, out, sizeof out, &err), -EIO);
}

static bool is_kept(struct cache *c, uint64_t offset, bool good)
{
	bool empty;
	char *bytes = cache_get(c, c, offset, &empty);

	assert_true(empty || *bytes == (char)offset);
	*bytes = (char)offset;
	cache_put(c, bytes, good);
	return !empty;
}

static void what_was_not_used_for_the_longest_time_goes_first(void **state)
{
	struct cache *c = cache_new((size_t)2 << 20);
	const unsigned n = CACHE_BYTES / (2 << 20);

	(void)state;
	assert_non_null(c);
	for (unsigned i = 0; i < n; i++)
		assert_false(is_kept(c, i, true));
	assert_true(is_kept(c, 0, true));
	assert_false(is_kept(c, n, true));
	assert_true(is_kept(c, 0, true));
	assert_true(is_kept(c, 2, true));
	assert_false(is_kept(c, 1, false));
	assert_false(is_kept(c, 1, true)); /* what could not be unpacked is not there */
	cache_free(c);
}

static void *unpack_many(void *data)
{
	struct cache *c = data;

	for (unsigned i = 0; i < 20000; i++) {
		const uint64_t offset = i / 100 % 12;
		bool empty;
		uint64_t *bytes = cache_get(c, c, offset, &empty);
		if (empty)
			*bytes = offset;
		assert_int_equal(*bytes, offset);
		cache_put(c, bytes, !empty || i % 7);
	}
	return NULL;
}

static void several_may_want_one(void **state)
{
	struct cache *c = cache_new((size_t)2 << 20);
	pthread_t thread[4];

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, unpack_many, c), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stretch_of_clusters_side_by_side_is_one),
		cmocka_unit_test(the_last_cluster_of_a_file_may_be_short),
		cmocka_unit_test(entries_of_l2_that_lead_nowhere_are_refused),
		cmocka_unit_test(a_size_beyond_the_l1_table_is_refused),
		cmocka_unit_test(tables_that_are_there_more_than_once_are_refused),
		cmocka_unit_test(a_stream_that_ends_early_is_no_cluster),
		cmocka_unit_test(what_was_not_used_for_the_longest_time_goes_first),
		cmocka_unit_test(several_may_want_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
