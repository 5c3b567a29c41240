/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/unpack/progress.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define TELL_EVERY (CLOCK_SECOND / 10)

void progress_tell(struct progress_out *p, uint64_t done, bool now)
{
	char line[64];

	if (p->fd < 0 || (!now && clock_now() < p->told_at + TELL_EVERY))
		return;
	p->told_at = clock_now();
	if (str_print(line, sizeof line, PROGRESS_LINE "%" PRIu64 " %" PRIu64 "\n", done, p->total) == 0)
		(void)!write(p->fd, line, strlen(line));
}
