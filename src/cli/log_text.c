/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/log_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define LINE_MOST  ((size_t)64 << 10) /* what is longer is no line of ours */
#define TIME_CHARS 27                 /* "2026-01-31T12:00:00.000000Z" */

/* --- times ---------------------------------------------------------------------------------------------------------- */

static void print_since(struct log_text *t, time_t seconds, const char *fraction)
{
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(t->since, sizeof t->since, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(t->since + n, sizeof t->since - n, ".%.6sZ", fraction);
}

static int since_ago(struct log_text *t, uint64_t ago)
{
	struct timespec now;
	char fraction[8];

	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t at = (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
	at = at > ago ? at - ago : 0;
	snprintf(fraction, sizeof fraction, "%06u", (unsigned)(at % CLOCK_SECOND / 1000));
	print_since(t, (time_t)(at / CLOCK_SECOND), fraction);
	return 0;
}

int log_text_since(struct log_text *t, const char *value, struct err *err)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
					     "%Y-%m-%d" };
	char fraction[8] = "000000";
	uint64_t ago;

	if (str_duration(value, &ago) == 0)
		return since_ago(t, ago);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(value, forms[i], &tm);
		if (!end)
			continue;
		if (*end == '.')
			for (size_t d = 0; isdigit((unsigned char)*++end); d++)
				if (d < 6)
					fraction[d] = *end;
		if (!*end || str_eq(end, "Z")) {
			print_since(t, *end ? timegm(&tm) : mktime(&tm), fraction);
			return 0;
		}
	}
	return err_set(err, EINVAL, "'%s' is neither a duration such as 10m nor a time such as 2026-01-31T12:00:00Z", value);
}

/* --- lines ---------------------------------------------------------------------------------------------------------- */

/* A part of a line. Tabs only move. */
static void print_part(const char *text, size_t n)
{
	struct str out = { 0 };

	while (n > 0) {
		const char *tab = memchr(text, '\t', n);
		const size_t part = tab ? (size_t)(tab - text) : n;
		str_add_escaped(&out, text, part);
		if (tab)
			str_addn(&out, "\t", 1);
		text += tab ? part + 1 : part;
		n -= tab ? part + 1 : part;
	}
	fwrite(str_text(&out), 1, out.len, stdout);
	str_done(&out);
}

static bool has_time(const char *line, size_t n)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ ";

	for (size_t i = 0; i < sizeof form - 1; i++)
		if (i >= n || (form[i] == 'd' ? !isdigit((unsigned char)line[i]) : line[i] != form[i]))
			return false;
	return true;
}

static bool is_severe(const struct log_text *t, const char *level)
{
	for (int i = LOG_TRACE; i < (int)t->least; i++)
		if (strncmp(level, log_level_names[i], strlen(log_level_names[i])) == 0)
			return false;
	return true;
}

static void decide(struct log_text *t, const char *line, size_t n)
{
	if (!has_time(line, n))
		return;
	t->hides = memcmp(line, t->since, t->since[0] ? TIME_CHARS : 0) < 0 || !is_severe(t, line + TIME_CHARS + 1);
}

static void print_line(struct log_text *t, const char *line, size_t n)
{
	if (!t->console)
		decide(t, line, n);
	if (t->hides)
		return;
	while (n > 0 && line[n - 1] == '\r') /* what a terminal makes of a newline */
		n--;
	print_part(line, n);
	putchar('\n');
}

/* Bytes at the end that are the beginning of something: a character of several bytes, or the end of a line. */
static size_t unfinished(const char *text, size_t n)
{
	for (size_t i = 1; i <= 3 && i <= n; i++) {
		const unsigned char c = (unsigned char)text[n - i];
		if (i == 1 && c == '\r')
			return 1;
		if (c >= 0xc0)
			return (c >= 0xf0 && i < 4) || (c >= 0xe0 && i < 3) || i < 2 ? i : 0;
		if (c < 0x80)
			return 0;
	}
	return 0;
}

/* A guest's prompt is no whole line, and wanted all the same. */
static size_t print_begun(struct log_text *t, const char *text, size_t n)
{
	const size_t whole = n - unfinished(text, n);

	if (t->console || n > LINE_MOST) {
		if (!t->hides)
			print_part(text, whole);
		return whole;
	}
	return 0;
}

void log_text_add(struct log_text *t, const char *bytes, size_t n)
{
	const char *at, *newline;
	size_t left;

	str_addn(&t->rest, bytes, n);
	if (t->rest.failed)
		return;
	at = t->rest.text;
	left = t->rest.len;
	while ((newline = memchr(at, '\n', left))) {
		print_line(t, at, (size_t)(newline - at));
		left -= (size_t)(newline + 1 - at);
		at = newline + 1;
	}
	const size_t printed = print_begun(t, at, left);
	t->rest.len = left - printed;
	memmove(t->rest.text, at + printed, t->rest.len);
}

void log_text_end(struct log_text *t)
{
	if (t->rest.len)
		print_line(t, t->rest.text, t->rest.len);
	str_done(&t->rest);
}
