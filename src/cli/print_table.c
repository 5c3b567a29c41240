/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables, drawn by libsmartcols, which escapes what the locale cannot print. */
#include <errno.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/print_internal.h"

static struct {
	__typeof__(scols_new_table) *new_table;
	__typeof__(scols_unref_table) *unref_table;
	__typeof__(scols_table_new_column) *new_column;
	__typeof__(scols_table_new_line) *new_line;
	__typeof__(scols_line_set_data) *set_data;
	__typeof__(scols_print_table) *print;
} scols;

static const struct print_symbol symbols[] = {
	{ "scols_new_table", (void **)&scols.new_table },         { "scols_unref_table", (void **)&scols.unref_table },
	{ "scols_table_new_column", (void **)&scols.new_column }, { "scols_table_new_line", (void **)&scols.new_line },
	{ "scols_line_set_data", (void **)&scols.set_data },      { "scols_print_table", (void **)&scols.print },
};

static bool right(enum print_type type)
{
	return type == PRINT_NUMBER || type == PRINT_BYTES || type == PRINT_SPAN || type == PRINT_PERCENT;
}

static void *begin(const struct print_column *columns, size_t n, struct err *err)
{
	struct libscols_table *table;

	if (print_load("libsmartcols.so.1", "a table", symbols, ARRAY_SIZE(symbols), err) < 0)
		return NULL;
	setlocale(LC_CTYPE, "");
	table = scols.new_table();
	for (size_t i = 0; table && i < n; i++)
		if (columns[i].title &&
		    !scols.new_column(table, columns[i].title, 0, right(columns[i].type) ? SCOLS_FL_RIGHT : 0)) {
			scols.unref_table(table);
			table = NULL;
		}
	if (!table)
		err_nomem(err);
	return table;
}

static int row(void *state, const struct print_column *columns, size_t n, const struct print_cell *cells, struct err *err)
{
	struct libscols_line *line = scols.new_line(state, NULL);
	size_t column = 0;

	for (size_t i = 0; line && i < n; i++) {
		autocall(str_done) struct str text = { 0 };
		if (!columns[i].title)
			continue;
		print_cell_text(&columns[i], &cells[i], &text);
		if (text.failed || scols.set_data(line, column++, str_text(&text)) != 0)
			line = NULL;
	}
	return line ? 0 : err_nomem(err);
}

static int end(void *state, struct err *err)
{
	return scols.print(state) == 0 ? 0 : err_set(err, EIO, "the table could not be printed");
}

static void done(void *state)
{
	scols.unref_table(state);
}

const struct print_ops print_table_ops = { begin, row, end, done };
