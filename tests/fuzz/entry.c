/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of [mount] entry of any bytes: what is taken has a source, a target and a type, and a bind mount no options of a
 * file system's. In a build folder made with CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined":
 *
 *   make && clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I ../src -o entry ../tests/fuzz/entry.c \
 *       src/mount/libmount.a src/base/libbase.a
 *   ./entry FOLDER */
#include <stdlib.h>
#include <string.h>

#include "mount/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct mount_entry e;
	struct err err = { 0 };

	if (!text)
		abort();
	if (mount_entry_parse(text, &e, &err) == 0) {
		if (!e.source || !e.target || !e.type || (e.bind && e.data.n) || (!e.bind && e.relative))
			abort();
		mount_entry_done(&e);
	} else if (!err.code) {
		abort();
	}
	free(text);
	return 0;
}
