/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/print.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/print_internal.h"

struct print {
	const struct print_ops *ops;
	const struct print_column *columns;
	size_t n;
	void *state;
};

int print_load(const char *library, const char *what, const struct print_symbol *symbols, size_t n, struct err *err)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return err_set(err, ENOENT, "%s needs %s: %s", what, library, dlerror());
	for (size_t i = 0; i < n; i++) {
		*symbols[i].slot = dlsym(handle, symbols[i].name);
		if (!*symbols[i].slot)
			return err_set(err, ENOENT, "%s needs %s with %s", what, library, symbols[i].name);
	}
	return 0;
}

static const struct print_ops *const formats[] = {
	[PRINT_TABLE] = &print_table_ops,
	[PRINT_JSON] = &print_json_ops,
	[PRINT_JSON_LINES] = &print_json_lines_ops,
};

struct print *print_new(const struct print_column *columns, size_t n, enum print_format format, struct err *err)
{
	struct print *p = calloc(1, sizeof *p);

	if (!p) {
		err_nomem(err);
		return NULL;
	}
	*p = (struct print){ formats[format], columns, n, NULL };
	p->state = p->ops->begin(columns, n, err);
	if (p->state)
		return p;
	free(p);
	return NULL;
}

int print_row(struct print *p, const struct print_cell *cells, struct err *err)
{
	return p->ops->row(p->state, p->columns, p->n, cells, err);
}

int print_end(struct print *p, struct err *err)
{
	return p->ops->end(p->state, err);
}

void print_free(struct print *p)
{
	if (!p)
		return;
	p->ops->free(p->state);
	free(p);
}

void print_escaped(const char *text)
{
	struct str s = { 0 };

	str_add_escaped(&s, text, strlen(text));
	fputs(str_text(&s), stdout);
	str_done(&s);
}

const char *print_bytes_text(uint64_t bytes, char buf[static 24])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double n = (double)bytes / 1024;
	size_t unit = 0;

	for (; n >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
		n /= 1024;
	if (bytes < 1024)
		snprintf(buf, 24, "%" PRIu64 " B", bytes);
	else
		snprintf(buf, 24, "%.2f %s", n, units[unit]);
	return buf;
}

const char *print_span_text(uint64_t ns, char buf[static 24])
{
	const uint64_t minutes = ns / CLOCK_SECOND / 60, hours = minutes / 60, days = hours / 24;

	if (minutes == 0)
		snprintf(buf, 24, "%.2f s", (double)ns / (double)CLOCK_SECOND);
	else if (hours == 0)
		snprintf(buf, 24, "%u min %u s", (unsigned)minutes, (unsigned)(ns / CLOCK_SECOND % 60));
	else if (days == 0)
		snprintf(buf, 24, "%u h %u min", (unsigned)hours, (unsigned)(minutes % 60));
	else
		snprintf(buf, 24, "%u d %u h", (unsigned)days, (unsigned)(hours % 24));
	return buf;
}

const char *print_percent_text(uint64_t hundredths, char buf[static 24])
{
	snprintf(buf, 24, "%" PRIu64 ".%02u", hundredths / 100, (unsigned)(hundredths % 100));
	return buf;
}

const char *print_time_text(uint64_t ns, char buf[static 40])
{
	time_t seconds = (time_t)(ns / CLOCK_SECOND);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(buf, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, 40 - n, ".%06uZ", (unsigned)(ns % CLOCK_SECOND / 1000));
	return buf;
}

void print_cell_text(const struct print_column *column, const struct print_cell *cell, struct str *out)
{
	char buf[40];

	if (!cell->set || (column->type == PRINT_LIST && !cell->list->n)) {
		str_add(out, "-");
		return;
	}
	switch (column->type) {
	case PRINT_TEXT:
		str_add(out, cell->text);
		break;
	case PRINT_NUMBER:
		str_addf(out, "%" PRIu64, cell->number);
		break;
	case PRINT_BYTES:
		str_add(out, print_bytes_text(cell->number, buf));
		break;
	case PRINT_PERCENT:
		str_addf(out, "%s %%", print_percent_text(cell->number, buf));
		break;
	case PRINT_SPAN:
		str_add(out, print_span_text(cell->number, buf));
		break;
	case PRINT_TIME:
		str_add(out, print_time_text(cell->number, buf));
		break;
	case PRINT_BOOL:
		str_add(out, cell->number ? "yes" : "no");
		break;
	case PRINT_LIST:
		for (size_t i = 0; i < cell->list->n; i++) {
			str_add(out, i ? ", " : "");
			str_add(out, cell->list->v[i]);
		}
	}
}
