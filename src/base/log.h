/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log: one line a message, with the time in microseconds, level and container. A process opens at most one log; without
 * one, messages are dropped. Commands report through struct err, never through here. */
#ifndef MGR_BASE_LOG_H
#define MGR_BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_TRACE,
	LOG_DEBUG,
	LOG_INFO,
	LOG_NOTICE,
	LOG_WARN,
	LOG_ERROR,
	LOG_CRIT,
	LOG_ALERT,
	LOG_FATAL,
	LOG_LEVELS,
};

#define LOG_LEVEL_LIST "TRACE DEBUG INFO NOTICE WARN ERROR CRIT ALERT FATAL"
extern const char *const log_level_names[LOG_LEVELS]; /* "TRACE" ... "FATAL", LXC's */

/* A level by its name, in any case, or its number. */
bool log_level_parse(const char *text, enum log_level *ret);

/* Write to fd from now on (-1: nowhere); the caller keeps ownership and opens it O_APPEND. who: container or service,
 * copied. */
void log_to(int fd, enum log_level least, const char *who);
int log_fd(void);

void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One line to another log than ours. */
void log_write(int fd, enum log_level level, const char *who, const char *text);

#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)

#endif
