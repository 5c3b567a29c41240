/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command lines from tables: a command's own options and those that every command has. */
#ifndef MGR_CLI_OPTIONS_H
#define MGR_CLI_OPTIONS_H

#include "cli/cli.h"

/* What the caller of options_parse does with its result besides 0. */
enum options_result {
	OPTIONS_HELP = 1,
	OPTIONS_VERSION = 2,
	OPTIONS_USAGE = 3, /* err says what is wrong with the command line */
};

/* Fill cli's names, rest, json, path, log and data. 0, an enum options_result, or -errno when a value was refused. argv
 * must outlive cli. */
int options_parse(struct cli *cli, char *const argv[], struct err *err);

/* The options that this command has besides its own: each call gives the next row, NULL at the end; *i starts at 0. */
const struct option_row *options_common(const struct command *cmd, size_t *i);
/* The letter of such a row, 0 where one of the command's own has it. */
char options_common_letter(const struct command *cmd, const struct option_row *row);

#endif
