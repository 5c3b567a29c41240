/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What processes wait for (PSI, cgroup-v2.rst): kept by the v2 hierarchy, whichever controllers it has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup/internal.h"

/* "avg10=1.75" as 175; UINT64_MAX when it is not there. */
static uint64_t percent(const char *line, const char *word)
{
	const char *at = strstr(line, word), *end = strchr(line, '\n');
	char *dot;

	if (!at || (end && at > end))
		return UINT64_MAX;
	const uint64_t whole = strtoull(at + strlen(word), &dot, 10);
	return whole * 100 + (*dot == '.' ? strtoull(dot + 1, NULL, 10) : 0);
}

static void read_one(const struct cgroup *cg, const char *file, struct cgroup_pressure *ret)
{
	char text[512];
	const char *some, *full;

	*ret = (struct cgroup_pressure){ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
	if (!cgroup_v2(cg) || cgroup_read(cg, cgroup_v2(cg), file, text, sizeof text) < 0)
		return;
	some = strstr(text, "some ");
	full = strstr(text, "full ");
	if (some) {
		ret->some_avg10 = percent(some, "avg10=");
		ret->some_avg60 = percent(some, "avg60=");
	}
	if (full) {
		ret->full_avg10 = percent(full, "avg10=");
		ret->full_avg60 = percent(full, "avg60=");
	}
}

void cgroup_pressures(const struct cgroup *cg, struct cgroup_pressures *ret)
{
	read_one(cg, "cpu.pressure", &ret->cpu);
	read_one(cg, "memory.pressure", &ret->memory);
	read_one(cg, "io.pressure", &ret->io);
}
