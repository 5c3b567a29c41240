/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container uses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
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

/* Add up what stands behind `word`, one line a device: "8:0 Read 4096", or "8:0 rbytes=4096 wbytes=0 ...". */
static uint64_t sum(const char *text, const char *word)
{
	const size_t n = strlen(word);
	uint64_t all = 0;

	for (const char *p = strstr(text, word); p; p = strstr(p + n, word))
		all += strtoull(p + n, NULL, 10);
	return all;
}

static void count_io(const struct cgroup *cg, struct cgroup_usage *ret)
{
	static const char *const v1_files[] = { "blkio.throttle.io_service_bytes_recursive",
						"blkio.throttle.io_service_bytes" };
	const struct cgroup_hierarchy *h = cgroup_with(cg, "blkio"), *v2 = cgroup_with(cg, "io");
	char text[8192];
	int r = v2 ? cgroup_read(cg, v2, "io.stat", text, sizeof text) : -ENOENT;

	for (size_t i = 0; h && !v2 && r < 0 && i < ARRAY_SIZE(v1_files); i++)
		r = cgroup_read(cg, h, v1_files[i], text, sizeof text);
	ret->io_read = r < 0 ? UINT64_MAX : sum(text, v2 ? "rbytes=" : "Read ");
	ret->io_written = r < 0 ? UINT64_MAX : sum(text, v2 ? "wbytes=" : "Write ");
}

int cgroup_usage(const struct cgroup *cg, struct cgroup_usage *ret, struct err *err)
{
	const struct cgroup_hierarchy *memory = cgroup_with(cg, "memory"), *cpuacct = cgroup_with(cg, "cpuacct");
	bool v2 = memory && memory->v2;

	(void)err;
	ret->memory = number(cg, memory, v2 ? "memory.current" : "memory.usage_in_bytes");
	ret->memory_limit = number(cg, memory, v2 ? "memory.max" : "memory.limit_in_bytes");
	ret->oom_kills = keyed(cg, memory, v2 ? "memory.events" : "memory.oom_control", "oom_kill");
	ret->memory_high = v2 ? keyed(cg, memory, "memory.events", "high") : UINT64_MAX;
	ret->memory_max = v2 ? keyed(cg, memory, "memory.events", "max") : UINT64_MAX;
	count_io(cg, ret);
	ret->pids = number(cg, cgroup_with(cg, "pids"), "pids.current");
	ret->cpu = number(cg, cpuacct, "cpuacct.usage");
	if (ret->cpu == UINT64_MAX) { /* v2 counts this without any controller */
		uint64_t us = keyed(cg, cgroup_v2(cg), "cpu.stat", "usage_usec");
		ret->cpu = us == UINT64_MAX ? us : us * 1000;
	}
	return 0;
}
