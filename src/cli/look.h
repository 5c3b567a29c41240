/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is seen of a container, for the commands that show it: a table of columns, each with how it is found. */
#ifndef MGR_CLI_LOOK_H
#define MGR_CLI_LOOK_H

#include "cli/cli.h"
#include "cli/print.h"
#include "life/look.h"

#define LOOK_FAILING   "what is written may be lost, as its disk takes no more, or not all: see mgr-log"
#define LOOK_UNSERVED  "the server of its disk was killed: files answer with I/O errors until it is stopped and started"
#define LOOK_LAST_SIZE 960
#define LOOK_COLUMNS   64

/* Those that are shown, in order. */
struct look_columns {
	const struct look_column *chosen[LOOK_COLUMNS];
	struct print_column shown[LOOK_COLUMNS];
	size_t n;
	unsigned what; /* that look_at must find for them */
};

/* The usual ones. */
void look_choose_table(struct look_columns *c);
void look_choose_json(struct look_columns *c);
/* What one container alone is asked for: more than a list needs. */
void look_choose_info(struct look_columns *c);
/* Those of a list that is separated by commas, by title or by JSON key, in any case. -EINVAL naming what there is. */
int look_choose(struct look_columns *c, const char *list, struct err *err);
/* All that there are, for --describe. */
void look_describe(void);
/* One more, by its JSON key, if it is not there yet. */
void look_add_column(struct look_columns *c, const char *key);

struct print *look_print(const struct look_columns *c, enum print_format format, struct err *err);
int look_row(struct print *p, const struct look_columns *c, const char *name, const struct look *look, struct err *err);

/* One line on stderr when its supervisor does not answer. */
void look_complain(const struct cli *cli, const char *name, const struct look *look);
/* The same when it runs without its disk. */
void look_complain_storage(const struct cli *cli, const char *name, const struct look *look);

/* "2026-01-31T12:00:00.000000Z, exit status 0", or what went wrong. */
const char *look_last_text(const struct last *last, char buf[static LOOK_LAST_SIZE]);

#endif
