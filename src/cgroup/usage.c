/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container uses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/internal.h"

/* A file with one number; UINT64_MAX when it is absent, says "max", or is v1's "no limit" (LONG_MAX in pages). */
static uint64_t number(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file)
{
	char text[64];
	uint64_t n;

	if (!h || cgroup_read(cg, h, file, text, sizeof text) < 0 || str_uint(text, 0, UINT64_MAX, &n) < 0)
		return UINT64_MAX;
	return n >= (uint64_t)INT64_MAX - 65536 ? UINT64_MAX : n;
}

/* The number after "KEY " at the start of a line. */
static uint64_t keyed(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file, const char *key)
{
	char text[1024];
	size_t n = strlen(key);

	if (!h || cgroup_read(cg, h, file, text, sizeof text) < 0)
		return UINT64_MAX;
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, key, n) == 0 && p[n] == ' ')
			return strtoull(p + n + 1, NULL, 10);
	}
	return UINT64_MAX;
}

int cgroup_usage(const struct cgroup *cg, struct cgroup_usage *ret, struct err *err)
{
	const struct cgroup_hierarchy *memory = cgroup_with(cg, "memory"), *cpuacct = cgroup_with(cg, "cpuacct");
	bool v2 = memory && memory->v2;

	(void)err;
	ret->memory = number(cg, memory, v2 ? "memory.current" : "memory.usage_in_bytes");
	ret->memory_limit = number(cg, memory, v2 ? "memory.max" : "memory.limit_in_bytes");
	ret->oom_kills = keyed(cg, memory, v2 ? "memory.events" : "memory.oom_control", "oom_kill");
	ret->pids = number(cg, cgroup_with(cg, "pids"), "pids.current");
	ret->cpu = number(cg, cpuacct, "cpuacct.usage");
	if (ret->cpu == UINT64_MAX) { /* v2 counts this without any controller */
		uint64_t us = keyed(cg, cgroup_v2(cg), "cpu.stat", "usage_usec");
		ret->cpu = us == UINT64_MAX ? us : us * 1000;
	}
	return 0;
}
