/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CLI_PRINT_INTERNAL_H
#define MGR_CLI_PRINT_INTERNAL_H

#include "cli/print.h"

struct print_ops {
	void *(*begin)(const struct print_column *columns, size_t n, struct err *err);
	int (*row)(void *state, const struct print_column *columns, size_t n, const struct print_cell *cells,
		   struct err *err);
	int (*end)(void *state, struct err *err);
	void (*free)(void *state);
};

extern const struct print_ops print_json_ops, print_json_lines_ops, print_table_ops;

struct print_symbol {
	const char *name;
	void **slot;
};

/* dlopen the library and fill the slots; what: who wants it, for the message. */
int print_load(const char *library, const char *what, const struct print_symbol *symbols, size_t n, struct err *err);

/* The cell as people read it; what is not to reach a terminal is still in it. */
void print_cell_text(const struct print_column *column, const struct print_cell *cell, struct str *out);

#endif
