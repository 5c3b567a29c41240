/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An array of objects, or an object a line, written by json-c. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/print_internal.h"

static struct {
	__typeof__(json_object_new_array) *new_array;
	__typeof__(json_object_new_object) *new_object;
	__typeof__(json_object_new_string) *new_string;
	__typeof__(json_object_new_uint64) *new_uint64;
	__typeof__(json_object_new_double_s) *new_double_s;
	__typeof__(json_object_new_boolean) *new_boolean;
	__typeof__(json_object_array_add) *array_add;
	__typeof__(json_object_object_add) *object_add;
	__typeof__(json_object_to_json_string_ext) *to_string;
	__typeof__(json_object_put) *put;
} json;

static const struct print_symbol symbols[] = {
	{ "json_object_new_array", (void **)&json.new_array },
	{ "json_object_new_object", (void **)&json.new_object },
	{ "json_object_new_string", (void **)&json.new_string },
	{ "json_object_new_uint64", (void **)&json.new_uint64 },
	{ "json_object_new_double_s", (void **)&json.new_double_s },
	{ "json_object_new_boolean", (void **)&json.new_boolean },
	{ "json_object_array_add", (void **)&json.array_add },
	{ "json_object_object_add", (void **)&json.object_add },
	{ "json_object_to_json_string_ext", (void **)&json.to_string },
	{ "json_object_put", (void **)&json.put },
};

static void *begin(const struct print_column *columns, size_t n, struct err *err)
{
	void *array;

	(void)columns, (void)n;
	if (print_load("libjson-c.so.5", "--json", symbols, ARRAY_SIZE(symbols), err) < 0)
		return NULL;
	array = json.new_array();
	if (!array)
		err_nomem(err);
	return array;
}

static json_object *list_value(const struct strv *list)
{
	json_object *array = json.new_array();

	for (size_t i = 0; array && i < list->n; i++)
		json.array_add(array, json.new_string(list->v[i]));
	return array;
}

/* NULL is JSON's null. */
static json_object *value(const struct print_column *column, const struct print_cell *cell)
{
	char buf[40];

	if (!cell->set)
		return NULL;
	switch (column->type) {
	case PRINT_NUMBER:
	case PRINT_BYTES:
	case PRINT_SPAN:
		return json.new_uint64(cell->number);
	case PRINT_PERCENT:
		return json.new_double_s((double)cell->number / 100, print_percent_text(cell->number, buf));
	case PRINT_TIME:
		return json.new_string(print_time_text(cell->number, buf));
	case PRINT_BOOL:
		return json.new_boolean(cell->number != 0);
	case PRINT_LIST:
		return list_value(cell->list);
	case PRINT_TEXT:
		break;
	}
	return json.new_string(cell->text);
}

static json_object *object_of(const struct print_column *columns, size_t n, const struct print_cell *cells, bool all)
{
	json_object *object = json.new_object();

	for (size_t i = 0; object && i < n; i++)
		if (all || cells[i].set)
			json.object_add(object, columns[i].key, value(&columns[i], &cells[i]));
	return object;
}

static int row(void *state, const struct print_column *columns, size_t n, const struct print_cell *cells, struct err *err)
{
	json_object *object = object_of(columns, n, cells, true);

	if (!object)
		return err_nomem(err);
	return json.array_add(state, object) == 0 ? 0 : err_nomem(err);
}

static int end(void *state, struct err *err)
{
	const char *text =
		json.to_string(state, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		return err_nomem(err);
	puts(text);
	return 0;
}

static void done(void *state)
{
	json.put(state);
}

static int line(void *state, const struct print_column *columns, size_t n, const struct print_cell *cells, struct err *err)
{
	json_object *object = object_of(columns, n, cells, false);
	const char *text = object ? json.to_string(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE) : NULL;

	(void)state;
	if (text)
		puts(text);
	json.put(object);
	return text ? (fflush(stdout) == 0 ? 0 : err_sys(err, errno, "write")) : err_nomem(err);
}

static int no_end(void *state, struct err *err)
{
	(void)state, (void)err;
	return 0;
}

const struct print_ops print_json_ops = { begin, row, end, done };
const struct print_ops print_json_lines_ops = { begin, line, no_end, done };
