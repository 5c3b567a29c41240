/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/print.h"

#define BAR_MAX 30

static const char *bar(unsigned percent, int width, char text[static BAR_MAX + 1])
{
	int i = 0;

	for (; i < width && i < BAR_MAX; i++)
		text[i] = i * 100 < (int)percent * width ? '#' : ' ';
	text[i] = '\0';
	return text;
}

void progress_show(const struct progress *p, uint64_t done, uint64_t total)
{
	const double seconds = (double)(clock_now() - p->began) / CLOCK_SECOND;
	const unsigned percent = total ? (unsigned)((double)(done < total ? done : total) * 100 / (double)total) : 0;
	struct winsize size = { 0 };
	char rest[160], filled[BAR_MAX + 1], is[24], of[24], rate[24];
	int columns, width;

	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	columns = (size.ws_col ? size.ws_col : 80) - 1;
	print_bytes_text(done, is);
	print_bytes_text(total, of);
	print_bytes_text(seconds > 0 ? (uint64_t)((double)done / seconds) : 0, rate);
	snprintf(rest, sizeof rest, "%3u %%  %s of %s  %s/s", percent, is, of, rate);
	width = columns - (int)(strlen("mgr-: : [] ") + strlen(p->command) + strlen(p->name) + strlen(rest));
	width = width > BAR_MAX ? BAR_MAX : width;
	if (width > 0)
		fprintf(stderr, "\r\033[Kmgr-%s: %s: [%s] %s", p->command, p->name, bar(percent, width, filled), rest);
	else
		fprintf(stderr, "\r\033[K%.*s", columns, rest);
}

void progress_end(void)
{
	fputs("\r\033[K", stderr);
}
