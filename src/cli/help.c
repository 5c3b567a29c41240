/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"

#define COLUMN 28

static void print_row(const struct option_row *row, char letter)
{
	int n = printf("  ");

	n += letter ? printf("-%c%s", letter, row->name ? ", " : "") : printf("    ");
	if (row->name)
		n += printf("--%s", row->name);
	if (row->arg && row->arg[0] == '[')
		n += printf("[%s%.*s]", row->name ? "=" : "", (int)strlen(row->arg) - 2, row->arg + 1);
	else if (row->arg)
		n += printf(" %s", row->arg);
	if (n >= COLUMN - 1)
		n = printf("\n") - 1;
	printf("%*s%s\n", COLUMN - n, "", row->help);
}

void help_command(const struct command *cmd)
{
	bool names = cmd->flags & CMD_EACH_NAME;
	const struct option_row *row;
	size_t i = 0;

	printf("Usage: mgr-%s [OPTION...]%s%s\n%s\n\n", cmd->name, cmd->args && *cmd->args ? " " : "",
	       cmd->args ? cmd->args
	       : names   ? " NAME..."
			 : "",
	       cmd->help);
	for (row = cmd->opts; row && (row->letter || row->name); row++)
		print_row(row, row->letter);
	while ((row = options_common(cmd, &i)))
		print_row(row, options_common_letter(cmd, row));
}

void help_list(void)
{
	for (const struct command *const *cmd = cli_commands; *cmd; cmd++)
		printf("  %-12s %s\n", (*cmd)->name, (*cmd)->help);
}
