/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

const char *const log_level_names[LOG_LEVELS] = { "TRACE", "DEBUG", "INFO",  "NOTICE", "WARN",
						  "ERROR", "CRIT",  "ALERT", "FATAL" };

bool log_level_parse(const char *text, enum log_level *ret)
{
	for (int i = 0; i < LOG_LEVELS; i++)
		if (strcasecmp(text, log_level_names[i]) == 0 || (text[0] == '0' + i && !text[1])) {
			*ret = (enum log_level)i;
			return true;
		}
	return false;
}

static struct {
	int fd;
	enum log_level least;
	char who[64];
} out = { .fd = -1 };

void log_to(int fd, enum log_level least, const char *who)
{
	out.fd = fd;
	out.least = least;
	snprintf(out.who, sizeof out.who, "%s", who);
}

int log_fd(void)
{
	return out.fd;
}

void log_write(int fd, enum log_level level, const char *who, const char *text)
{
	char line[1024];
	struct timespec t;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &tm);
	n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &tm);
	int m = snprintf(line + n, sizeof line - n - 1, ".%06ldZ %-6s %s: %s", t.tv_nsec / 1000, log_level_names[level], who,
			 text);
	if (m < 0)
		return;
	size_t end = n + (size_t)m < sizeof line - 1 ? n + (size_t)m : sizeof line - 2;
	for (size_t i = n; i < end; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = ' ';
	line[end++] = '\n';
	(void)!write(fd, line, end);
}

void log_at(enum log_level level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (out.fd < 0 || level < out.least)
		return;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n >= 0)
		log_write(out.fd, level, out.who, text);
}
