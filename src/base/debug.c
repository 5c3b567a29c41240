/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/debug.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

/* Of several processes that reach it, the first. */
static bool may(void)
{
	const char *once = getenv("MGR_DEBUG_ONCE");

	return !once || unlink(once) == 0;
}

static bool chosen(const char *variable, const char *where, const char *what)
{
	const char *point = getenv(variable);
	size_t n = strlen(where);

	return point && strncmp(point, where, n) == 0 && point[n] == ':' && strcmp(point + n + 1, what) == 0 && may();
}

void debug_point(const char *where, const char *what)
{
	if (chosen("MGR_DEBUG_KILL", where, what))
		raise(SIGKILL);
	if (chosen("MGR_DEBUG_STOP", where, what))
		raise(SIGSTOP);
}

bool debug_skips_down(const char *step)
{
	const char *skipped = getenv("MGR_DEBUG_SKIP_DOWN");

	return skipped && strcmp(skipped, step) == 0;
}
