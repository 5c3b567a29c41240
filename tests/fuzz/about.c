/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the process that reads a stranger's archive says of it, of any bytes: what is taken is printed as it was read. In a
 * build folder made with CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined":
 *
 *   make && clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I ../src -o about ../tests/fuzz/about.c \
 *       src/life/liblife.a src/base/libbase.a
 *   ./about FOLDER */
#include <stdlib.h>
#include <string.h>

#include "life/unpack/about.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct about about = { 0 };
	struct str again = { 0 };
	struct err err = { 0 };

	if (!text)
		abort();
	memcpy(text, data, size);
	if (about_parse(text, &about, &err) == 0) {
		struct about twice = { 0 };
		about_print(&about, &again);
		if (again.failed || about_parse(str_text(&again), &twice, &err) < 0 || twice.n != about.n ||
		    strcmp(twice.name, about.name) != 0 || strcmp(twice.config, about.config) != 0)
			abort();
		about_done(&twice);
	} else if (!err.code) {
		abort();
	}
	about_done(&about);
	str_done(&again);
	free(text);
	return 0;
}
