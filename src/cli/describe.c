/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/describe.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "wire/wire.h"

static const char *const flag_names[] = {
	"each-name", "one-name", "may-name", "must-exist", "json",    "rest",   "words",
	"tail",      "ours-125", "parallel", "stopped",    "running", "frozen", "folder",
};

static const struct {
	struct exit_row row;
	unsigned with, without; /* the command has this flag, or has it not */
} exits[] = {
	{ { "0", "Done, or already so." }, 0, CMD_OURS_125 },
	{ { "1", "Refused or failed: a line on standard error says what was tried, and why not." }, 0, CMD_OURS_125 },
	{ { "64", "The command line is wrong: an unknown option, a missing argument." }, 0, CMD_OURS_125 },
	{ { "125", "Ours: the container or the command line is not as it should be; a line on standard error says what." },
	  CMD_OURS_125,
	  0 },
	{ { "126", "The command cannot be executed." }, CMD_OURS_125, 0 },
	{ { "127", "The command was not found." }, CMD_OURS_125, 0 },
	{ { "128+N", "The command died of signal N." }, CMD_OURS_125, 0 },
	{ { "other", "The command's own exit status." }, CMD_OURS_125, 0 },
};

/* A help text of several lines, on one. */
static void print_line(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		printf("%.*s", (int)n, text);
		text += n;
		if (*text) {
			putchar(' ');
			text += strspn(text, "\n ");
		}
	}
	putchar('\n');
}

static void print_option(const struct command *cmd, const char *whose, const struct option_row *row, char letter)
{
	printf("option\t%s\t%s\t%.1s\t%s\t%s\t", cmd->name, whose, &letter, row->name ? row->name : "",
	       row->arg ? row->arg : "");
	print_line(row->help);
}

static void print_exits(const struct command *cmd)
{
	for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
		if ((!exits[i].with || cmd->flags & exits[i].with) && !(cmd->flags & exits[i].without))
			printf("exit\t%s\t%s\t%s\n", cmd->name, exits[i].row.code, exits[i].row.help);
	for (const struct exit_row *row = cmd->exits; row && row->code; row++)
		printf("exit\t%s\t%s\t%s\n", cmd->name, row->code, row->help);
}

static void print_command(const struct command *cmd)
{
	const struct option_row *row;
	size_t i = 0;

	printf("command\t%s\t", cmd->name);
	for (size_t bit = 0, n = 0; bit < sizeof flag_names / sizeof *flag_names; bit++)
		if (cmd->flags & 1U << bit)
			printf("%s%s", n++ ? " " : "", flag_names[bit]);
	printf("\t%s\t%s\n", cmd->args ? cmd->args : cmd->flags & CMD_EACH_NAME ? "NAME..." : "", cmd->help);
	for (row = cmd->opts; row && (row->letter || row->name); row++)
		print_option(cmd, "own", row, row->letter);
	while ((row = options_common(cmd, &i)))
		print_option(cmd, "common", row, options_common_letter(cmd, row));
	print_exits(cmd);
}

static void print_words(const char *what, const char *const words[], size_t n)
{
	printf("words\t%s\t", what);
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i ? " " : "", words[i]);
	putchar('\n');
}

void describe(void)
{
	for (const struct command *const *cmd = cli_commands; *cmd; cmd++)
		print_command(*cmd);
	print_words("LEVEL", log_level_names, LOG_LEVELS);
	print_words("STATE", wire_state_names, WIRE_STATES);
	if (cli_describe_more)
		cli_describe_more();
}
