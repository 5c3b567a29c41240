/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's passwd, group and login.defs of any bytes, split at zero bytes: who is found is whole, and has its own group
 * first. In a build folder made with CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined":
 *
 *   make && clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I ../src -o users ../tests/fuzz/users.c \
 *       src/guest/libguest.a src/base/libbase.a
 *   ./users FOLDER */
#include <stdlib.h>
#include <string.h>

#include "guest/guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next text, terminated. */
static char *take(const uint8_t **data, size_t *size)
{
	size_t n = strnlen((const char *)*data, *size);
	char *text = calloc(1, n + 1);

	if (!text)
		abort();
	memcpy(text, *data, n);
	*data += n;
	*size -= n;
	if (*size > 0) {
		++*data;
		--*size;
	}
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *user = take(&data, &size), *passwd = take(&data, &size), *groups = take(&data, &size),
	     *defs = take(&data, &size);
	char *path = NULL;
	struct err err = { 0 };
	struct user u;

	if (user_find(&u, passwd, groups, user, NULL, &err) == 0) {
		if (u.n_groups < 1 || u.n_groups > USER_GROUPS || u.groups[0] != u.gid || !u.home[0] || !u.shell[0])
			abort();
	} else if (!err.code) {
		abort();
	}
	if (env_path(defs, size & 1, &path) < 0 || !path[0] || strchr(path, '\n'))
		abort();
	free(path);
	free(user);
	free(passwd);
	free(groups);
	free(defs);
	return 0;
}
