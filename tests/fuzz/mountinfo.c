/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mountinfo of any bytes: what is taken for a hierarchy has a mount, and there is one v2 at most, the first. In a build
 * folder made with CC=clang CFLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined":
 *
 *   make && clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I ../src -o mountinfo ../tests/fuzz/mountinfo.c \
 *       src/cgroup/libcgroup.a src/base/libbase.a
 *   ./mountinfo FOLDER */
#include <stdlib.h>
#include <string.h>

#include "cgroup/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool reachable(const struct cgroup_hierarchy *h)
{
	return h->mount[0] != '!';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct cgroup cg = { 0 };
	struct err err = { 0 };

	if (!text)
		abort();
	memcpy(text, data, size);
	(void)cgroup_parse_mountinfo(&cg, text, reachable, &err);
	if (cg.n > CGROUP_HIERARCHIES)
		abort();
	for (size_t i = 0; i < cg.n; i++)
		if (cg.h[i].mount[0] == '!' || (cg.h[i].v2 && i > 0) || (!cg.h[i].v2 && !cg.h[i].controllers[0]))
			abort();
	free(text);
	return 0;
}
