/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int usage(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int usage(struct err *err, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_set(err, EINVAL, "%s", text);
	return OPTIONS_USAGE;
}

static int set_name(void *data, const char *value, struct err *err)
{
	struct cli *cli = data;

	return strv_add(&cli->names, value) < 0 ? err_nomem(err) : 0;
}

static int set_path(void *data, const char *value, struct err *err)
{
	struct cli *cli = data;

	if (!*value)
		return err_set(err, EINVAL, "is empty, not a folder");
	cli->path = value;
	return 0;
}

static int set_log_level(void *data, const char *value, struct err *err)
{
	struct cli *cli = data;

	cli->log_level_given = log_level_parse(value, &cli->log_level);
	return cli->log_level_given ? 0 : err_set(err, EINVAL, "'%s' is not one of " LOG_LEVEL_LIST, value);
}

static void log_as(const struct cli *cli, int fd)
{
	char who[64];

	str_print(who, sizeof who, "mgr-%s", cli->command->name);
	log_to(fd, cli->log_level, who);
}

static int set_log_path(void *data, const char *value, struct err *err)
{
	struct cli *cli = data;
	int fd = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0)
		return err_sys(err, errno, "open '%s'", value);
	cli->log_path = value;
	log_as(cli, fd);
	return 0;
}

static int set_json(void *data, const char *value, struct err *err)
{
	struct cli *cli = data;

	(void)value, (void)err;
	cli->json = true;
	return 0;
}

static int set_help(void *data, const char *value, struct err *err)
{
	(void)data, (void)value, (void)err;
	return OPTIONS_HELP;
}

static int set_version(void *data, const char *value, struct err *err)
{
	(void)data, (void)value, (void)err;
	return OPTIONS_VERSION;
}

static const struct {
	struct option_row row;
	unsigned flags; /* the command has one of these; 0: every command */
} common[] = {
	{ { 'n', "name", "NAME", "Name of the container.", .set = set_name }, CMD_EACH_NAME | CMD_ONE_NAME | CMD_MAY_NAME },
	{ { 0, "json", NULL, "Print an array of JSON objects.", .set = set_json }, CMD_JSON },
	{ { 'P', "path", "DIR", "Folder that holds the containers.", .set = set_path }, 0 },
	{ { 'o', "logfile", "FILE", "Append the log of this command to FILE.", .set = set_log_path }, 0 },
	{ { 'l', "logpriority", "LEVEL", "Least level that is logged (ERROR).", .set = set_log_level }, 0 },
	{ { 'h', "help", NULL, "Show this help.", .set = set_help }, 0 },
	{ { 0, "version", NULL, "Show the version.", .set = set_version }, 0 },
};

const struct option_row *options_common(const struct command *cmd, size_t *i)
{
	while (*i < sizeof common / sizeof *common) {
		size_t at = (*i)++;
		if (!common[at].flags || common[at].flags & cmd->flags)
			return &common[at].row;
	}
	return NULL;
}

char options_common_letter(const struct command *cmd, const struct option_row *row)
{
	for (const struct option_row *own = cmd->opts; own && (own->letter || own->name); own++)
		if (own->letter == row->letter)
			return 0;
	return row->letter;
}

/* A walk over all rows of a command, its own first. */
struct rows {
	const struct option_row *own;
	size_t i;
	bool is_own;
};

static const struct option_row *next_row(const struct command *cmd, struct rows *at)
{
	if (at->own && (at->own->letter || at->own->name)) {
		at->is_own = true;
		return at->own++;
	}
	at->own = NULL;
	at->is_own = false;
	return options_common(cmd, &at->i);
}

static const struct option_row *find_letter(const struct command *cmd, char letter, bool *ret_own)
{
	struct rows at = { .own = cmd->opts };
	const struct option_row *row;

	while ((row = next_row(cmd, &at)) && row->letter != letter)
		;
	*ret_own = at.is_own;
	return row;
}

/* The row of this name, or the only one that begins with it. */
static const struct option_row *find_name(const struct command *cmd, const char *name, size_t len, bool *ret_own,
					  struct err *err)
{
	struct rows at = { .own = cmd->opts };
	const struct option_row *row, *found = NULL;
	bool many = false;

	*ret_own = false;

	while ((row = next_row(cmd, &at))) {
		if (!row->name || strncmp(row->name, name, len) != 0)
			continue;
		bool exact = strlen(row->name) == len;
		if (exact || !found)
			*ret_own = at.is_own;
		many = !exact && found && strcmp(found->name, row->name) != 0;
		if (exact || !found)
			found = row;
		if (exact)
			break;
	}
	if (!many && found)
		return found;
	usage(err, "%s option '--%.*s'", many ? "ambiguous" : "unknown", (int)len, name);
	return NULL;
}

/* Calls the row's set; its refusal gets the option's name in front. */
static int apply(struct cli *cli, const struct option_row *row, bool own, const char *value, struct err *err)
{
	void *data = own ? cli->data : (void *)cli;
	int r = 0;

	if (row->set)
		r = row->set(data, value, err);
	else
		*(bool *)((char *)data + row->flag) = true;
	if (r >= 0)
		return r;
	return row->name ? err_wrap(err, "--%s", row->name) : err_wrap(err, "-%c", row->letter);
}

static int long_option(struct cli *cli, char *const argv[], size_t *i, struct err *err)
{
	const char *name = argv[*i] + 2, *value = strchr(name, '=');
	size_t len = value ? (size_t)(value - name) : strlen(name);
	bool own;
	const struct option_row *row = find_name(cli->command, name, len, &own, err);

	if (!row)
		return OPTIONS_USAGE;
	if (value)
		value++;
	if (value && !row->arg)
		return usage(err, "option '--%s' takes no value", row->name);
	if (!value && row->arg && row->arg[0] == '[') {
		cli->loose_value = argv[*i + 1];
		cli->loose_option = row->name;
	} else if (!value && row->arg) {
		value = argv[*i + 1];
		if (!value)
			return usage(err, "option '--%s' needs a value", row->name);
		(*i)++;
	}
	return apply(cli, row, own, value, err);
}

/* A word of letters: "-ab", "-nweb", "-n" "web". */
static int letters(struct cli *cli, char *const argv[], size_t *i, struct err *err)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		char text[2] = { *p, '\0' };
		bool own;
		const struct option_row *row = find_letter(cli->command, *p, &own);
		const char *value = NULL;
		int r;

		if (!row)
			return usage(err, "unknown option '-%s'", text);
		if (row->arg && p[1])
			value = p + 1;
		else if (row->arg && row->arg[0] != '[' && !(value = argv[++*i]))
			return usage(err, "option '-%s' needs a value", text);
		r = apply(cli, row, own, value, err);
		if (r != 0 || value)
			return r;
	}
	return 0;
}

static int add(struct strv *list, const char *word, struct err *err)
{
	return strv_add(list, word) < 0 ? err_nomem(err) : 0;
}

static int add_all(struct strv *list, char *const words[], struct err *err)
{
	int r = 0;

	for (; *words && r == 0; words++)
		r = add(list, *words, err);
	return r;
}

/* A word that is no option; *last when it and all that follow went to rest. */
static int word(struct cli *cli, char *const argv[], bool *last, struct err *err)
{
	unsigned flags = cli->command->flags;

	if (flags & CMD_EACH_NAME || (flags & CMD_ONE_NAME && !cli->names.n))
		return add(&cli->names, *argv, err);
	if (flags & CMD_WORDS)
		return add(&cli->rest, *argv, err);
	if (!(flags & CMD_REST))
		return usage(err, "unexpected argument '%s'", *argv);
	*last = true;
	return add_all(&cli->rest, argv, err);
}

bool cli_tail_help(const struct cli *cli)
{
	return cli->command->flags & CMD_TAIL && (strv_has(&cli->rest, "-h") || strv_has(&cli->rest, "--help"));
}

static int check_names(const struct cli *cli, struct err *err)
{
	unsigned flags = cli->command->flags;

	if (flags & (CMD_ONE_NAME | CMD_EACH_NAME) && !cli->names.n && !cli_tail_help(cli))
		return usage(err, "no container named");
	if (flags & (CMD_ONE_NAME | CMD_MAY_NAME) && cli->names.n > 1)
		return usage(err, "one container only, not '%s' as well", cli->names.v[1]);
	return 0;
}

static int after_dashes(struct cli *cli, char *const words[], struct err *err)
{
	unsigned flags = cli->command->flags;
	bool rest = flags & (CMD_REST | CMD_TAIL | CMD_WORDS);

	if (!rest && !(flags & CMD_EACH_NAME) && *words)
		return usage(err, "unexpected argument '%s'", *words);
	return add_all(rest ? &cli->rest : &cli->names, words, err);
}

int options_parse(struct cli *cli, char *const argv[], struct err *err)
{
	bool last = false;
	int r = 0;

	cli->log_level = LOG_ERROR;
	for (size_t i = 1; argv[i] && r == 0 && !last; i++) {
		const char *arg = argv[i];
		if (strcmp(arg, "--") == 0) {
			r = after_dashes(cli, argv + i + 1, err);
			last = true;
		} else if (arg[0] == '-' && arg[1] == '-')
			r = long_option(cli, argv, &i, err);
		else if (arg[0] == '-' && arg[1])
			r = letters(cli, argv, &i, err);
		else
			r = word(cli, argv + i, &last, err);
	}
	if (r != 0)
		return r;
	if (log_fd() >= 0)
		log_as(cli, log_fd());
	if (cli->command->ask)
		r = cli->command->ask(cli, err);
	return r < 0 ? r : check_names(cli, err);
}
