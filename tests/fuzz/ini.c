/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A configuration of any bytes: what reads is printed, read and printed again, the same; and a key that is set in its text
 * has that value, the others theirs. In a build folder made with CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address":
 *
 *   make && clang -g -fsanitize=fuzzer,address -D_GNU_SOURCE -I ../src -o ini ../tests/fuzz/ini.c -Wl,--start-group \
 *       $(find src -name 'lib*.a' ! -name libcli.a) -Wl,--end-group -linih -lcap -luuid
 *   ./ini -max_len=9000 -only_ascii=0 FOLDER */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/edit.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct str *a, const struct str *b)
{
	if (strcmp(str_text(a), str_text(b)) == 0)
		return;
	fprintf(stderr, "--- one\n%s--- other\n%s", str_text(a), str_text(b));
	abort();
}

/* What the text says, printed; false when it does not read. */
static bool print(const char *text, size_t size, const char *assignment, struct str *out)
{
	struct err err = { 0 };
	struct spec spec;
	bool ok;

	spec_init(&spec);
	ok = conf_load_text(&spec_schema, &spec, "fuzz", text, size, &err) == 0;
	if (ok != !err.code)
		abort();
	if (ok && assignment && spec_set(&spec, assignment, &err) < 0)
		abort();
	if (ok)
		spec_print(&spec, out);
	spec_done(&spec);
	return ok;
}

static void edit(const char *text, enum edit how, const char *value, const char *assignment)
{
	struct str edited = { 0 }, is = { 0 }, wanted = { 0 };

	print(text, strlen(text), assignment, &wanted);
	edit_text(text, how, "net.3", 5, "mtu", value, &edited);
	if (!print(str_text(&edited), edited.len, NULL, &is)) {
		fprintf(stderr, "--- does not read\n%s", str_text(&edited));
		abort();
	}
	if (how == EDIT_SET)
		same(&is, &wanted);
	str_done(&edited);
	str_done(&is);
	str_done(&wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str first = { 0 }, second = { 0 };
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	if (print(text, size, NULL, &first)) {
		if (!print(str_text(&first), first.len, NULL, &second))
			abort();
		same(&first, &second);
		edit(text, EDIT_SET, "1400", "net.3.mtu=1400");
		edit(text, EDIT_UNSET, NULL, NULL);
	}
	str_done(&first);
	str_done(&second);
	free(text);
	return 0;
}
