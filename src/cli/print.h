/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands show: rows of typed columns, as a table for people or an array of JSON objects for programs. libsmartcols
 * and json-c are loaded when the first is printed, so that a command that prints neither does not pay for them. */
#ifndef MGR_CLI_PRINT_H
#define MGR_CLI_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum print_type {
	PRINT_TEXT,
	PRINT_NUMBER,
	PRINT_BYTES,   /* a number in JSON, "12.5 MiB" in a table */
	PRINT_SPAN,    /* ns in JSON, "12.34 s" or "3 h 12 min" in a table */
	PRINT_PERCENT, /* hundredths of a percent; 1.75 in JSON, "1.75 %" in a table */
	PRINT_TIME,    /* CLOCK_REALTIME, ns; RFC 3339 with Z */
	PRINT_BOOL,
	PRINT_LIST, /* of texts: an array in JSON, joined by ", " in a table */
};

struct print_column {
	const char *key;   /* of the JSON object */
	const char *title; /* above the table's column; NULL: in JSON only */
	enum print_type type;
};

/* A value, by its column's type. What is not set is null in JSON and "-" in a table. */
struct print_cell {
	bool set;
	const char *text;
	uint64_t number; /* PRINT_BOOL: 0 or 1 */
	const struct strv *list;
};

/* text NULL, or number UINT64_MAX: not set. */
static inline struct print_cell print_text(const char *text)
{
	return (struct print_cell){ .set = text, .text = text };
}

static inline struct print_cell print_number(uint64_t number)
{
	return (struct print_cell){ .set = number != UINT64_MAX, .number = number };
}

static inline struct print_cell print_list(const struct strv *list)
{
	return (struct print_cell){ .set = true, .list = list };
}

enum print_format {
	PRINT_TABLE,
	PRINT_JSON,
	PRINT_JSON_LINES, /* an object a line, written at once; what is not set is left out */
};

struct print;

/* Rows of these columns (not copied) to stdout. NULL with err when the library is not there. */
struct print *print_new(const struct print_column *columns, size_t n, enum print_format format, struct err *err);
/* Add a row; cells are copied. */
int print_row(struct print *p, const struct print_cell *cells, struct err *err);
/* Write everything. */
int print_end(struct print *p, struct err *err);
void print_free(struct print *p); /* takes NULL */

/* For output of another layout. What a guest or a user wrote may hold control characters: each becomes \xNN. */
void print_escaped(const char *text);
/* "512 B", "12.50 MiB", as LXC writes them. */
const char *print_bytes_text(uint64_t bytes, char buf[static 24]);
/* "12.34 s", "3 h 12 min", "5 d 6 h" */
const char *print_span_text(uint64_t ns, char buf[static 24]);
/* "1.75" of 175 */
const char *print_percent_text(uint64_t hundredths, char buf[static 24]);
/* "2024-05-01T12:00:00.123456Z" */
const char *print_time_text(uint64_t ns, char buf[static 40]);

#endif
