/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is seen of a container, for the commands that show it. */
#ifndef MGR_CLI_LOOK_H
#define MGR_CLI_LOOK_H

#include "cli/cli.h"
#include "cli/print.h"
#include "life/look.h"

#define LOOK_LAST_SIZE 640

/* A new table, or array of objects, of containers. */
struct print *look_print(enum print_format format, struct err *err);
/* One line on stderr when its supervisor does not answer. */
void look_complain(const struct cli *cli, const char *name, const struct look *look);
int look_row(struct print *p, const char *name, const struct look *look, struct err *err);

/* "2026-01-31T12:00:00.000000Z, exit status 0", or what went wrong. */
const char *look_last_text(const struct last *last, char buf[static LOOK_LAST_SIZE]);

#endif
