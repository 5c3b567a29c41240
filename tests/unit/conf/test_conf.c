/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "conf/edit.h"

/* A schema of our own, with every base type. */
struct one {
	bool flag;
	uint64_t count, size, wait;
	uint32_t id;
	unsigned colour;
	char *text, *path, *cpus, *nic, *host;
	int signal;
	struct strv lines, words, plenty;
};

struct element {
	unsigned number;
	char *text;
};

struct whole {
	struct one one;
	struct {
		size_t n;
		struct element *v;
	} many;
	struct strv variables;
};

static const char *const colours[] = { "red", "green", NULL };

#define AT(field) offsetof(struct one, field)

static const struct key one_keys[] = {
	{ .name = "flag", .type = &key_bool, .off = AT(flag), .def = "yes" },
	{ .name = "count", .type = &key_uint, .off = AT(count), .min = 1 },
	{ .name = "size", .type = &key_size, .off = AT(size), .min = 1 },
	{ .name = "wait", .type = &key_duration, .off = AT(wait), .def = "30" },
	{ .name = "id", .type = &key_u32, .off = AT(id), .def = "7" },
	{ .name = "colour", .type = &key_enum, .off = AT(colour), .names = colours, .def = "green" },
	{ .name = "text", .type = &key_string, .off = AT(text) },
	{ .name = "path", .type = &key_path, .off = AT(path), .def = "/bin/x" },
	{ .name = "cpus", .type = &key_cpuset, .off = AT(cpus) },
	{ .name = "nic", .type = &key_ifname, .off = AT(nic) },
	{ .name = "host", .type = &key_hostname, .off = AT(host) },
	{ .name = "signal", .type = &key_signal, .off = AT(signal) },
	{ .name = "lines", .type = &key_strings, .off = AT(lines), .flags = KEY_LIST },
	{ .name = "words", .type = &key_words, .off = AT(words), .flags = KEY_LIST },
	{ .name = "plenty", .type = &key_words, .off = AT(plenty), .flags = KEY_LIST, .def = "a b" },
	{ 0 },
};

static const struct key element_keys[] = {
	{ .name = "text", .type = &key_string, .off = offsetof(struct element, text) },
	{ 0 },
};

static const struct key variable_keys[] = {
	{ .name = "NAME", .type = &key_strings, .flags = KEY_LIST },
	{ 0 },
};

static const struct section sections[] = {
	{ .name = "one", .keys = one_keys },
	{ .name = "many", .kind = SECTION_NUMBERED, .keys = element_keys, .element = sizeof(struct element), .max = 9 },
	{ .name = "free", .kind = SECTION_FREE, .keys = variable_keys },
};

static const struct conf_part parts[] = {
	{ &sections[0], offsetof(struct whole, one) },
	{ &sections[1], offsetof(struct whole, many) },
	{ &sections[2], offsetof(struct whole, variables) },
};

static const struct schema schema = { ARRAY_SIZE(parts), parts };

static void done(struct whole *w)
{
	conf_done(&schema, w);
}

static int load(struct whole *w, const struct str *text, struct err *err)
{
	return conf_load_text(&schema, w, "f", str_text(text), text->len, err);
}

static void repeat(struct str *s, char c, size_t n)
{
	while (n-- > 0)
		str_addn(s, &c, 1);
}

static void a_value_of_4096_bytes_reads_whole(void **state)
{
	(void)state;
	for (size_t n = 4090; n <= 4100; n++) {
		autocall(done) struct whole w = { 0 };
		autocall(str_done) struct str text = { 0 };
		struct err err = { 0 };

		conf_init(&schema, &w, &err);
		str_add(&text, "[one]\ntext = ");
		repeat(&text, 'x', n);
		str_add(&text, "\nhost = after\n");
		int r = load(&w, &text, &err);
		if (n <= CONF_VALUE_MAX) {
			assert_int_equal(r, 0);
			assert_int_equal(strlen(w.one.text), n);
			assert_string_equal(w.one.host, "after");
		} else {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(err.msg, "f:2: one.text: the value is"));
		}
	}
}

static void a_line_that_inih_would_cut_is_refused(void **state)
{
	static const size_t sizes[] = { 5000, 8190, 8191, 8192, 8193, 20000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		autocall(done) struct whole w = { 0 };
		autocall(str_done) struct str text = { 0 };
		struct err err = { 0 };

		conf_init(&schema, &w, &err);
		str_add(&text, "[one]\n# ");
		repeat(&text, 'x', sizes[i]);
		assert_int_equal(load(&w, &text, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "f:2: the line is longer than"));
	}
}

static void a_long_section_name_is_refused(void **state)
{
	autocall(done) struct whole w = { 0 };
	autocall(str_done) struct str text = { 0 };
	struct err err = { 0 };

	(void)state;
	conf_init(&schema, &w, &err);
	str_add(&text, "\n[many.");
	repeat(&text, '1', 60);
	str_add(&text, "]\n");
	assert_int_equal(load(&w, &text, &err), -EINVAL);
	assert_string_equal(err.msg, "f:2: the section's name is 65 bytes long, 49 are allowed");
}

static void a_nul_byte_is_refused(void **state)
{
	autocall(done) struct whole w = { 0 };
	autocall(str_done) struct str text = { 0 };
	struct err err = { 0 };

	(void)state;
	conf_init(&schema, &w, &err);
	str_addn(&text, "[one]\ntext = a\0b\n", 17);
	assert_int_equal(load(&w, &text, &err), -EINVAL);
	assert_string_equal(err.msg, "f:2: byte 0x00 is not text");
}

static void lists_append_and_clear(void **state)
{
	static const char text[] = "[one]\nwords = a b\nwords = c\nlines = a b\nplenty = c\n[free]\nA.b = 1\n";
	static const char clear[] = "[one]\nwords =\nplenty =\nid =\n";
	autocall(done) struct whole w = { 0 };
	struct err err = { 0 };

	(void)state;
	conf_init(&schema, &w, &err);
	assert_int_equal(conf_load_text(&schema, &w, "f", text, strlen(text), &err), 0);
	assert_int_equal(w.one.words.n, 3);
	assert_int_equal(w.one.lines.n, 1);
	assert_int_equal(w.one.plenty.n, 3);
	assert_string_equal(w.variables.v[0], "A.b=1");
	w.one.id = 3;
	assert_int_equal(conf_load_text(&schema, &w, "f", clear, strlen(clear), &err), 0);
	assert_int_equal(w.one.words.n, 0);
	assert_int_equal(w.one.plenty.n, 0);
	assert_int_equal(w.one.id, 7);
}

static void an_empty_configuration_is_an_empty_file(void **state)
{
	autocall(done) struct whole w = { 0 };
	autocall(str_done) struct str out = { 0 };

	(void)state;
	conf_init(&schema, &w, NULL);
	conf_save(&schema, &w, &out);
	assert_string_equal(str_text(&out), "version = 1\n");
}

static const char *const values[][4] = {
	{ "flag", "no", "yes" },
	{ "count", "1", "18446744073709551615" },
	{ "size", "1", "3K", "1073741825" },
	{ "wait", "0", "1500ms", "0.000001ms" },
	{ "id", "0", "4294967295" },
	{ "colour", "red", "green" },
	{ "text", "x", "a = b ; # [c]", "\xc3\xa9" },
	{ "path", "/", "/a b" },
	{ "cpus", "0", "0-3,7" },
	{ "nic", "eth0", "abcdefghijklmno" },
	{ "host", "a", "a-b.c_d" },
	{ "signal", "9", "SIGRTMAX-1", "rtmin+3" },
	{ "lines", "a b", "= x" },
	{ "words", "a  b\tc" },
	{ "plenty", "c" },
};

/* What is set, saved and loaded again saves the same; what is edited into a file loads as what was set. */
static void a_value_survives(const char *key, const char *value)
{
	autocall(done) struct whole set = { 0 }, loaded = { 0 }, edited = { 0 };
	autocall(str_done) struct str assignment = { 0 }, a = { 0 }, b = { 0 }, c = { 0 }, file = { 0 };
	struct err err = { 0 };

	conf_init(&schema, &set, &err);
	conf_init(&schema, &loaded, &err);
	conf_init(&schema, &edited, &err);
	str_addf(&assignment, "one.%s=%s", key, value);
	conf_assign(&schema, &set, str_text(&assignment), &err);
	assert_string_equal(err.msg, "");
	conf_save(&schema, &set, &a);
	load(&loaded, &a, &err);
	assert_string_equal(err.msg, "");
	conf_save(&schema, &loaded, &b);
	assert_string_equal(str_text(&a), str_text(&b));
	edit_text("# c\n[one]\nplenty =\n", EDIT_SET, "one", 3, key, value, &file);
	load(&edited, &file, &err);
	assert_string_equal(err.msg, "");
	if (strcmp(key, "plenty") != 0)
		conf_assign(&schema, &edited, "one.plenty=a b", &err);
	else
		conf_assign(&schema, &edited, "one.plenty=c", &err);
	conf_save(&schema, &edited, &c);
	assert_string_equal(str_text(&a), str_text(&c));
}

static void every_type_survives_printing_and_parsing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (size_t k = 1; k < 4 && values[i][k]; k++)
			a_value_survives(values[i][0], values[i][k]);
	assert_int_equal(ARRAY_SIZE(values), ARRAY_SIZE(one_keys) - 1);
}

static void the_longest_section_wins(void **state)
{
	struct conf_key key;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(conf_find(&schema, "many.3.text", &key, &err), 0);
	assert_int_equal(key.id.number, 3);
	assert_string_equal(key.name, "text");
	assert_int_equal(conf_find(&schema, "free.many.3", &key, &err), 0);
	assert_string_equal(key.name, "many.3");
	assert_int_equal(conf_find(&schema, "many.10.text", &key, &err), -EINVAL);
	assert_int_equal(conf_find(&schema, "many.text", &key, &err), -EINVAL);
	assert_int_equal(conf_find(&schema, "one", &key, &err), -EINVAL);
	assert_int_equal(conf_find(&schema, "one.clour", &key, &err), -EINVAL);
	assert_string_equal(err.msg, "one: unknown key 'clour'; did you mean 'colour'?");
}

static void an_error_names_the_whole_path(void **state)
{
	char folder[] = "/tmp/mgr-conf-XXXXXX", path[64];
	autocall(done) struct whole w = { 0 };
	struct err err = { 0 };
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	autoclose int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	conf_init(&schema, &w, &err);
	assert_int_equal(conf_load(&schema, &w, dir, "config", &err), -ENOENT);
	str_print(path, sizeof path, "%s/config", folder);
	f = fopen(path, "w");
	fputs("[one]\nid = x\n", f);
	fclose(f);
	assert_int_equal(conf_load(&schema, &w, dir, "config", &err), -EINVAL);
	assert_true(str_starts(err.msg, path));
	assert_true(str_starts(err.msg + strlen(path), ":2: one.id: 'x' is not a whole number from 0 to 4294967295"));
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_of_4096_bytes_reads_whole),
		cmocka_unit_test(a_line_that_inih_would_cut_is_refused),
		cmocka_unit_test(a_long_section_name_is_refused),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(lists_append_and_clear),
		cmocka_unit_test(an_empty_configuration_is_an_empty_file),
		cmocka_unit_test(every_type_survives_printing_and_parsing),
		cmocka_unit_test(the_longest_section_wins),
		cmocka_unit_test(an_error_names_the_whole_path),
	};

	return cmocka_run_group_tests_name("conf/conf", tests, NULL, NULL);
}
