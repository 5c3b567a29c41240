/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deltas on a disk that loses power: of what was not synced it keeps any part, in any order. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/qcow2/writer.h"

#define BLOCK   4096U
#define BLOCKS  40U
#define SIZE    (BLOCKS * BLOCK - 512U) /* the last one is short */
#define DATA    (1U << 20)              /* in a delta that small, behind the header and one page of map */
#define ROOM    (DATA + BLOCKS * BLOCK)
#define PENDING 64U

/* --- the disk -------------------------------------------------------------------------------------------- */

struct change {
	uint64_t offset, n;
	unsigned char *bytes; /* NULL: zeros */
};

struct lossy {
	unsigned char *now, *kept; /* ROOM bytes: what is read, and what there is after a power cut */
	uint64_t size, kept_size;
	struct change pending[PENDING];
	size_t n;
	int fail;                           /* a sync's answer, once */
	void (*cut)(const struct lossy *d); /* before a sync, and after each write of one */
	void (*meanwhile)(void);            /* when a sync has ended, once */
};

static void apply(unsigned char *to, const struct change *c)
{
	if (c->bytes)
		memcpy(to + c->offset, c->bytes, c->n);
	else
		memset(to + c->offset, 0, c->n);
}

static int lossy_change(struct lossy *d, const void *bytes, uint64_t n, uint64_t offset)
{
	struct change *c = &d->pending[d->n++];

	assert_true(d->n <= PENDING && offset + n <= ROOM);
	*c = (struct change){ .offset = offset, .n = n };
	if (bytes) {
		c->bytes = malloc(n);
		assert_non_null(c->bytes);
		memcpy(c->bytes, bytes, n);
	}
	apply(d->now, c);
	d->size = d->size > offset + n ? d->size : offset + n;
	return 0;
}

static int lossy_write(void *data, const void *bytes, size_t n, uint64_t offset)
{
	return lossy_change(data, bytes, n, offset);
}

static int lossy_zero(void *data, uint64_t offset, uint64_t n)
{
	return lossy_change(data, NULL, n, offset);
}

static int lossy_read(void *data, void *bytes, size_t n, uint64_t offset)
{
	const struct lossy *d = data;

	assert_true(offset + n <= ROOM);
	memcpy(bytes, d->now + offset, n);
	return 0;
}

static int lossy_resize(void *data, uint64_t size)
{
	((struct lossy *)data)->size = size;
	return 0;
}

static void forget_pending(struct lossy *d)
{
	while (d->n > 0)
		free(d->pending[--d->n].bytes);
}

static int lossy_sync(void *data)
{
	struct lossy *d = data;
	int r = d->fail;

	d->fail = 0;
	if (r < 0)
		return r;
	if (d->cut)
		d->cut(d);
	memcpy(d->kept, d->now, 2 * (size_t)BLOCK);
	memcpy(d->kept + DATA, d->now + DATA, ROOM - DATA);
	d->kept_size = d->size;
	forget_pending(d);
	if (d->meanwhile) {
		void (*meanwhile)(void) = d->meanwhile;
		d->meanwhile = NULL;
		meanwhile();
	}
	return 0;
}

static struct lossy make_lossy(void)
{
	struct lossy d = { .now = calloc(1, ROOM), .kept = calloc(1, ROOM) };

	assert_true(d.now && d.kept);
	return d;
}

static void free_lossy(struct lossy *d)
{
	forget_pending(d);
	free(d->now);
	free(d->kept);
}

static struct io io_of(struct lossy *d)
{
	return (struct io){ lossy_read, lossy_write, lossy_zero, lossy_resize, lossy_sync, d };
}

/* What is there after a power cut that keeps of what was not synced what `choice` says, bit by bit. The last one's is gone.
 */
static struct lossy after_cut(const struct lossy *d, uint64_t choice)
{
	static unsigned char now[ROOM], kept[ROOM];
	struct lossy cut = { .now = now, .kept = kept };

	memcpy(now, d->kept, 2 * (size_t)BLOCK);
	memcpy(now + DATA, d->kept + DATA, ROOM - DATA);
	for (size_t i = 0; i < d->n; i++)
		if (choice >> i & 1)
			apply(now, &d->pending[i]);
	cut.size = d->kept_size ? d->kept_size : choice & 1 ? BLOCK : 0;
	return cut;
}

/* --- what it stands on: block n is all 'a' + n -------------------------------------------------------- */

static struct chain chain;
static struct chain_reader below;
static const struct delta_base base = { .path = "/disk", .format = "qcow2", .size = 1, .seconds = 2, .nanoseconds = 3 };

static int make_below(void **state)
{
	static unsigned char bytes[BLOCKS * BLOCK];
	struct err err = { 0 };
	int fd = memfd_create("below", MFD_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)('a' + i / BLOCK);
	if (fd < 0 || write(fd, bytes, SIZE) != SIZE)
		return -1;
	chain.layer[0] = (struct layer){ .kind = LAYER_RAW, .fd = fd, .size = SIZE, .file_size = SIZE };
	chain.n = 1;
	return chain_reader_init(&below, &chain, &err);
}

static int free_below(void **state)
{
	(void)state;
	chain_reader_done(&below);
	chain_done(&chain);
	return 0;
}

static struct writer *open_delta(struct lossy *d)
{
	struct err err = { 0 };
	struct writer *w = writer_open(io_of(d), d->size, SIZE, &base, &err);

	if (!w)
		print_error("%s\n", err.msg);
	assert_non_null(w);
	return w;
}

/* --- power cuts ------------------------------------------------------------------------------------------ */

/* What each half block held at the last sync, and since then. */
#define PARTS (2 * BLOCKS)
#define HALF  (BLOCK / 2)

struct model {
	unsigned char synced[PARTS], now[PARTS];
	unsigned char since[PARTS][PENDING]; /* values between them */
	size_t n[PARTS];
	uint32_t dice;
};

static uint32_t roll(struct model *m, uint32_t most)
{
	m->dice = m->dice * 1664525U + 1013904223U;
	return (m->dice >> 8) % most;
}

static size_t part_bytes(size_t part)
{
	return SIZE - part * HALF < HALF ? SIZE - part * HALF : HALF;
}

static void model_set(struct model *m, size_t part, unsigned char value)
{
	m->since[part][m->n[part]++] = m->now[part];
	m->now[part] = value;
}

/* One to five half blocks get one value, or become zeros. */
static void change_some(struct model *m, struct writer *w)
{
	static unsigned char bytes[5 * HALF];
	const size_t first = roll(m, PARTS - 5), n = 1 + roll(m, 5);
	const size_t length = (n - 1) * HALF + part_bytes(first + n - 1);
	const unsigned char value = roll(m, 4) ? (unsigned char)(128 + roll(m, 128)) : 0;
	struct err err = { 0 };

	memset(bytes, value, sizeof bytes);
	if (value)
		assert_int_equal(writer_write(w, &below, first * HALF, bytes, length, &err), 0);
	else
		assert_int_equal(writer_zero(w, &below, first * HALF, length, &err), 0);
	for (size_t i = first; i < first + n; i++)
		model_set(m, i, value);
}

static int may_be(const struct model *m, size_t part, unsigned char value)
{
	return value == m->now[part] || value == m->synced[part] || memchr(m->since[part], value, m->n[part]) != NULL;
}

static void look_at_part(const struct model *m, struct writer *w, size_t part, int is_cut)
{
	unsigned char bytes[HALF];
	struct err err = { 0 };
	const size_t n = part_bytes(part);

	assert_int_equal(writer_read(w, &below, part * HALF, bytes, n, &err), 0);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(bytes[i], bytes[0]);
	if (!is_cut)
		assert_int_equal(bytes[0], m->now[part]);
	else if (m->n[part] == 0)
		assert_int_equal(bytes[0], m->synced[part]);
	else
		assert_true(may_be(m, part, bytes[0]));
}

static void look_at_all(const struct model *m, struct writer *w, int is_cut)
{
	for (size_t part = 0; part < PARTS; part++)
		look_at_part(m, w, part, is_cut);
}

static void cut_power(const struct model *m, const struct lossy *d, uint64_t choice)
{
	struct lossy cut = after_cut(d, choice);
	struct writer *w = open_delta(&cut);

	look_at_all(m, w, 1);
	writer_free(w);
	forget_pending(&cut);
}

/* Every choice there is, or some. */
static void cut_power_anyhow(struct model *m, const struct lossy *d)
{
	const uint64_t all = (UINT64_C(1) << d->n) - 1;

	if (d->n <= 5)
		for (uint64_t choice = 0; choice <= all; choice++)
			cut_power(m, d, choice);
	else
		for (int i = 0; i < 24; i++)
			cut_power(m, d, i == 0 ? all : ((uint64_t)roll(m, 1U << 24) << 24 | roll(m, 1U << 24)) & all);
}

/* What happens while a sync does. */
static struct model played;
static struct writer *player;

static void cut_here(const struct lossy *d)
{
	cut_power_anyhow(&played, d);
}

static void change_meanwhile(void)
{
	change_some(&played, player);
}

/* Of what is changed meanwhile, what it was before has been synced. */
static void sync_it(struct lossy *d)
{
	unsigned char before[PARTS];
	struct err err = { 0 };

	memcpy(before, played.now, sizeof before);
	d->meanwhile = roll(&played, 2) ? change_meanwhile : NULL;
	assert_int_equal(writer_sync(player, &err), 0);
	for (size_t part = 0; part < PARTS; part++) {
		played.synced[part] = before[part];
		played.since[part][0] = before[part];
		played.n[part] = played.now[part] != before[part];
	}
	cut_power_anyhow(&played, d);
}

static void what_was_synced_outlives_a_power_cut(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 8; seed++) {
		struct lossy d = make_lossy();
		played = (struct model){ .dice = seed };
		for (size_t part = 0; part < PARTS; part++)
			played.synced[part] = played.now[part] = (unsigned char)('a' + part / 2);
		d.cut = cut_here;
		player = open_delta(&d);
		for (int step = 0; step < 30; step++) {
			change_some(&played, player);
			look_at_all(&played, player, 0);
			cut_power_anyhow(&played, &d);
			if (d.n > 30 || roll(&played, 4) == 0)
				sync_it(&d);
		}
		writer_free(player);
		free_lossy(&d);
	}
}

/* A page of the map is of 128 MiB. */
static void a_sync_writes_all_of_the_map(void **state)
{
	const uint64_t size = UINT64_C(20) << 30, step = UINT64_C(128) << 20;
	struct err err = { 0 };
	struct stat st;
	int fd = memfd_create("delta", MFD_CLOEXEC);
	char byte;

	(void)state;
	player = writer_open(io_file(&fd), 0, size, &base, &err);
	assert_non_null(player);
	for (uint64_t at = 5000; at < size; at += step)
		assert_int_equal(writer_write(player, &below, at, "x", 1, &err), 0);
	assert_int_equal(writer_sync(player, &err), 0);
	writer_free(player);
	assert_int_equal(fstat(fd, &st), 0);
	player = writer_open(io_file(&fd), (uint64_t)st.st_size, size, &base, &err);
	assert_non_null(player);
	for (uint64_t at = 5000; at < size; at += step) {
		assert_int_equal(writer_read(player, &below, at, &byte, 1, &err), 0);
		assert_int_equal(byte, 'x');
	}
	writer_free(player);
	close(fd);
}

static void one_that_grows_keeps_what_it_has(void **state)
{
	const uint64_t small = UINT64_C(1) << 30, large = UINT64_C(20) << 30, huge = UINT64_C(50) << 30;
	struct err err = { 0 };
	struct stat st;
	int fd = memfd_create("delta", MFD_CLOEXEC);
	char byte = 0;

	(void)state;
	player = writer_open(io_file(&fd), 0, small, &base, &err);
	assert_non_null(player);
	assert_int_equal(writer_write(player, &below, small - 1, "x", 1, &err), 0);
	assert_int_equal(writer_sync(player, &err), 0);
	assert_int_equal(writer_grow(player, large, &err), 0);
	assert_int_equal(writer_write(player, &below, large - 1, "y", 1, &err), 0);
	assert_int_equal(writer_sync(player, &err), 0);
	writer_free(player);
	assert_int_equal(fstat(fd, &st), 0);
	player = writer_open(io_file(&fd), (uint64_t)st.st_size, small, &base, &err);
	assert_non_null(player);
	assert_true(writer_size(player) == large);
	assert_int_equal(writer_read(player, &below, small - 1, &byte, 1, &err), 0);
	assert_int_equal(byte, 'x');
	assert_int_equal(writer_read(player, &below, large - 1, &byte, 1, &err), 0);
	assert_int_equal(byte, 'y');
	assert_int_equal(writer_read(player, &below, large / 2, &byte, 1, &err), 0);
	assert_int_equal(byte, 0);
	assert_int_equal(writer_grow(player, huge, &err), -EFBIG);
	writer_free(player);
	close(fd);
}

static void a_new_one_grows_to_larger_blocks(void **state)
{
	const uint64_t small = UINT64_C(100) << 30, large = UINT64_C(130) << 30; /* whose map has half as many bytes */
	struct err err = { 0 };
	int fd = memfd_create("delta", MFD_CLOEXEC);
	char byte = 0;

	(void)state;
	player = writer_open(io_file(&fd), 0, small, &base, &err);
	assert_non_null(player);
	assert_int_equal(writer_grow(player, large, &err), 0);
	assert_true(writer_size(player) == large);
	assert_int_equal(writer_write(player, &below, large - 1, "y", 1, &err), 0);
	assert_int_equal(writer_read(player, &below, large - 1, &byte, 1, &err), 0);
	assert_int_equal(byte, 'y');
	assert_int_equal(writer_sync(player, &err), 0);
	writer_free(player);
	close(fd);
}

/* --- what goes wrong ------------------------------------------------------------------------------------- */

static void after_a_sync_that_failed_there_is_none(void **state)
{
	struct lossy d = make_lossy();
	struct err err = { 0 };

	(void)state;
	player = open_delta(&d);
	assert_int_equal(writer_write(player, &below, 0, "x", 1, &err), 0);
	d.fail = -ENOSPC;
	assert_int_equal(writer_sync(player, &err), -ENOSPC);
	err_clear(&err);
	assert_int_equal(writer_sync(player, &err), -EIO);
	assert_int_equal(writer_lost(player, &err), 2);
	assert_int_equal(err.code, ENOSPC);
	writer_free(player);
	free_lossy(&d);
}

static void is_refused(struct lossy *d, const struct delta_base *on, uint64_t size, int code)
{
	struct err err = { 0 };

	assert_null(writer_open(io_of(d), d->size, size, on, &err));
	assert_int_equal(err.code, code);
}

static void a_delta_is_of_one_disk_as_it_was(void **state)
{
	struct delta_base other = base;
	struct lossy d = make_lossy();

	(void)state;
	writer_free(open_delta(&d));
	other.nanoseconds++;
	is_refused(&d, &other, SIZE, ESTALE);
	other = base;
	other.chain++;
	is_refused(&d, &other, SIZE, ESTALE);
	is_refused(&d, &base, SIZE + 512, EINVAL);
	d.size -= 1;
	is_refused(&d, &base, SIZE, EINVAL);
	d.size += 1;
	d.now[300] ^= 1;
	is_refused(&d, &base, SIZE, EINVAL);
	d.now[0] = 0;
	is_refused(&d, &base, SIZE, EINVAL);
	free_lossy(&d);
}

static void a_map_has_4_mib_at_most(void **state)
{
	struct delta_header h;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(delta_header_make(&h, UINT64_C(128) << 30, &base, &err), 0);
	assert_int_equal(h.block, 4096);
	assert_int_equal(h.map_bytes, DELTA_MAP_MOST);
	assert_int_equal(h.data, (DELTA_MAP_MOST + (1 << 20)));
	assert_int_equal(delta_header_make(&h, UINT64_C(1) << 38, &base, &err), 0);
	assert_int_equal(h.block, 8192);
	assert_int_equal(delta_header_make(&h, UINT64_C(1) << 60, &base, &err), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_synced_outlives_a_power_cut),
		cmocka_unit_test(a_sync_writes_all_of_the_map),
		cmocka_unit_test(one_that_grows_keeps_what_it_has),
		cmocka_unit_test(a_new_one_grows_to_larger_blocks),
		cmocka_unit_test(after_a_sync_that_failed_there_is_none),
		cmocka_unit_test(a_delta_is_of_one_disk_as_it_was),
		cmocka_unit_test(a_map_has_4_mib_at_most),
	};

	return cmocka_run_group_tests(tests, make_below, free_below);
}
