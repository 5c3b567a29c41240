/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tty/replay.h"
#include "tty/ring.h"
#include "tty/tty.h"

static void a_ring_keeps_the_end(void **state)
{
	struct tty_ring r;
	char bytes[64];

	(void)state;
	tty_ring_init(&r, -1, 16, 0);
	assert_int_equal(tty_ring_begin(&r), 0);
	assert_int_equal(tty_ring_read(&r, 0, bytes, sizeof bytes), 0);
	assert_int_equal(tty_ring_add(&r, "0123456789", 10), 0);
	assert_int_equal(tty_ring_begin(&r), 0);
	assert_int_equal(tty_ring_read(&r, 4, bytes, sizeof bytes), 6);
	assert_memory_equal(bytes, "456789", 6);
	assert_int_equal(tty_ring_add(&r, "abcdefghijklmnopqrstuvwxyz", 26), 0);
	assert_int_equal(r.end, 36);
	assert_int_equal(tty_ring_begin(&r), 20);
	assert_int_equal(tty_ring_read(&r, 20, bytes, sizeof bytes), 16);
	assert_memory_equal(bytes, "klmnopqrstuvwxyz", 16);
	assert_int_equal(tty_ring_read(&r, 30, bytes, 3), 3);
	assert_memory_equal(bytes, "uvw", 3);
	tty_ring_done(&r);
}

static void a_ring_is_handed_on(void **state)
{
	struct tty_ring r, next;
	char bytes[64];

	(void)state;
	tty_ring_init(&r, -1, 16, 0);
	tty_ring_add(&r, "0123456789abcdefghij", 20);
	tty_ring_init(&next, dup(r.fd), 16, r.end);
	assert_int_equal(tty_ring_begin(&next), 4);
	assert_int_equal(tty_ring_read(&next, 4, bytes, sizeof bytes), 16);
	assert_memory_equal(bytes, "456789abcdefghij", 16);
	tty_ring_done(&next);
	tty_ring_init(&next, r.fd, 32, r.end); /* the configuration has changed */
	assert_int_equal(next.fd, -1);
	assert_int_equal(tty_ring_begin(&next), 20);
	assert_int_equal(tty_ring_add(&next, "new", 3), 0);
	assert_int_equal(tty_ring_begin(&next), 20);
	assert_int_equal(tty_ring_read(&next, 20, bytes, sizeof bytes), 3);
	assert_memory_equal(bytes, "new", 3);
	tty_ring_done(&next);
}

/* What is typed in pieces, and what is left of it. */
static void feed(int key, const char *const *pieces, const char *left, bool leaves)
{
	struct tty_escape e = { .key = key };
	char all[64] = "";
	bool left_it = false;

	for (; *pieces && !left_it; pieces++) {
		char bytes[16];
		size_t n = strlen(*pieces);
		memcpy(bytes, *pieces, n);
		left_it = tty_escape_feed(&e, bytes, &n);
		strncat(all, bytes, n);
	}
	assert_string_equal(all, left);
	assert_int_equal(left_it, leaves);
}

static void the_prefix_key(void **state)
{
	(void)state;
	feed(1, (const char *[]){ "ab\001q", NULL }, "ab", true);
	feed(1, (const char *[]){ "ab\001", "qcd", NULL }, "ab", true);
	feed(1, (const char *[]){ "a\001\001q", NULL }, "a\001q", false);
	feed(1, (const char *[]){ "\001\001\001q", NULL }, "\001", true);
	feed(1, (const char *[]){ "a\001xq", NULL }, "axq", false);
	feed(2, (const char *[]){ "a\001q\002q", NULL }, "a\001q", true);
	feed(-1, (const char *[]){ "a\001q\377q", NULL }, "a\001q\377q", false);
}

static void the_name_of_the_prefix_key(void **state)
{
	struct err err = { 0 };
	int key;

	(void)state;
	assert_int_equal(tty_escape_parse("a", &key, &err), 0);
	assert_int_equal(key, 1);
	assert_int_equal(tty_escape_parse("^B", &key, &err), 0);
	assert_int_equal(key, 2);
	assert_int_equal(tty_escape_parse("none", &key, &err), 0);
	assert_int_equal(key, -1);
	assert_true(tty_escape_parse("", &key, &err) < 0);
	assert_true(tty_escape_parse("ab", &key, &err) < 0);
	assert_true(tty_escape_parse("^", &key, &err) < 0);
}

static void a_history_asks_nothing(void **state)
{
	static const char said[] = "a\033[31mred\033[6n\033[c\033[>0c\033[18t\033[?1$p\005\033]11;?\033\\\033]0;"
				   "title\007\033Zb\033[?25h\033P$qm\033\\";
	static const char shown[] = "a\033[31mred\033]0;title\007b\033[?25h";
	static const char live[] = "\033[6n\005\033[c";

	(void)state;
	for (size_t step = 1; step < sizeof said; step++) {
		struct tty_replay r = { .left = sizeof said - 1 };
		char out[512 + TTY_REPLAY_MORE];
		size_t len = 0;
		for (size_t at = 0; at < sizeof said - 1; at += step)
			len += tty_replay_feed(&r, said + at, step < sizeof said - 1 - at ? step : sizeof said - 1 - at,
					       out + len);
		assert_int_equal(len, sizeof shown - 1);
		assert_memory_equal(out, shown, len);
		assert_int_equal(tty_replay_feed(&r, live, sizeof live - 1, out), sizeof live - 1);
		assert_memory_equal(out, live, sizeof live - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_keeps_the_end),
		cmocka_unit_test(a_ring_is_handed_on),
		cmocka_unit_test(the_prefix_key),
		cmocka_unit_test(a_history_asks_nothing),
		cmocka_unit_test(the_name_of_the_prefix_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
