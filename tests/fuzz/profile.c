/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A seccomp profile of any bytes: it is refused with the line's number, or its rules are whole. In a build folder made with
 * CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined":
 *
 *   make && clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I ../src -o profile ../tests/fuzz/profile.c \
 *       ../src/security/compiler/profile.c src/base/libbase.a
 *   ./profile FOLDER */
#include <stdlib.h>
#include <string.h>

#include "security/compiler/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct err err = { 0 };
	struct profile p;

	if (!text)
		abort();
	memcpy(text, data, size);
	if (profile_parse(&p, text, &err) < 0 && (err.msg[0] < '1' || err.msg[0] > '9'))
		abort();
	for (size_t i = 0; i < p.n; i++)
		if (!p.rules[i].name[0] || !p.rules[i].arch[0] || p.rules[i].n_args > PROFILE_ARGS)
			abort();
	profile_done(&p);
	free(text);
	return 0;
}
