/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"

#include <limits.h>
#include <time.h>

uint64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * CLOCK_SECOND + (uint64_t)t.tv_nsec;
}

uint64_t clock_in(uint64_t ns)
{
	uint64_t then;

	if (ns == CLOCK_NEVER || __builtin_add_overflow(clock_now(), ns, &then))
		return CLOCK_NEVER;
	return then;
}

int clock_left_ms(uint64_t deadline)
{
	uint64_t now, ms;

	if (deadline == CLOCK_NEVER)
		return -1;
	now = clock_now();
	if (now >= deadline)
		return 0;
	ms = (deadline - now + CLOCK_MS - 1) / CLOCK_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}
