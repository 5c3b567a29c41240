/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the command in argv[0] ("mgr-start") or argv[1] ("mgr start") and runs it by its table row. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cli/cli.h"
#include "cli/complain.h"
#include "cli/describe.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/parallel.h"
#include "cli/report.h"

static int check_name(const struct cli *cli, const char *name, struct err *err)
{
	int r = store_check_name(name, err);

	if (r == 0 && cli->command->flags & CMD_MUST_EXIST) {
		autoclose int dir = store_container(&cli->store, name, err);
		r = dir < 0 ? dir : 0;
	}
	return r;
}

/* One call of run, its error printed; the exit code. */
static int run_one(struct cli *cli, const char *name)
{
	const struct command *cmd = cli->command;
	struct err err = { 0 };
	const char *of = name ? name : "", *colon = name ? ": " : "";
	int r = name ? check_name(cli, name, &err) : 0;

	log_debug("%s%sbegins", of, colon);
	if (r == -ENOENT && cli->loose_value && str_eq(name, cli->loose_value))
		err_set(&err, ENOENT, "no such container; a value of --%s is written --%s=%s", cli->loose_option,
			cli->loose_option, name);
	if (r == 0)
		r = cmd->run(cli, name, &err);
	if (r < 0) {
		cli_complain(cli, name, &err);
		r = complain_code(cli, EXIT_FAILURE);
	}
	log_info("%s%sends with %d", of, colon, r);
	return r;
}

static int run_each(struct cli *cli)
{
	int code = cli->names.n ? 0 : run_one(cli, NULL);

	for (size_t i = 0; i < cli->names.n; i++) {
		int one = run_one(cli, cli->names.v[i]);
		code = one > code ? one : code;
	}
	return code;
}

static int open_store(struct cli *cli, struct err *err)
{
	int r = store_open(&cli->store, cli->path, err);

	if (r == 0 && cli->path && cli->command->flags & CMD_FOLDER && access(cli->path, F_OK) < 0)
		r = err_sys(err, errno, "--path: look at '%s'", cli->path);
	return r;
}

static int run_all(struct cli *cli)
{
	struct err err = { 0 };
	int code = cli->command->check ? cli->command->check(cli) : 0;

	if (code)
		return code;
	if (open_store(cli, &err) < 0) {
		complain(cli->command, NULL, &err);
		return complain_code(cli, EXIT_FAILURE);
	}
	if (cli->command->flags & CMD_PARALLEL && cli->names.n > 1)
		code = parallel_run(cli, run_one);
	else
		code = run_each(cli);
	store_done(&cli->store);
	return code;
}

/* What was asked for must have reached stdout, or the status says so. */
static int flushed(const struct cli *cli, int code)
{
	struct err err = { 0 };

	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	err_sys(&err, errno ? errno : EIO, "write to standard output");
	complain(cli->command, NULL, &err);
	return code ? code : complain_code(cli, EXIT_FAILURE);
}

static int run(const struct command *cmd, char *const argv[])
{
	struct cli cli = { .command = cmd, .data = calloc(1, cmd->data_size + 1) };
	struct err err = { 0 };
	int code = 0, r = cli.data ? options_parse(&cli, argv, &err) : err_nomem(&err);

	if (r == OPTIONS_HELP)
		help_command(cmd);
	else if (r == OPTIONS_VERSION)
		printf("mgr %s\n", PACKAGE_VERSION);
	else if (r == OPTIONS_USAGE)
		code = cli_usage(&cli, "%s", err.msg);
	else if (r == 0)
		code = run_all(&cli);
	else {
		complain(cmd, NULL, &err);
		code = complain_code(&cli, EXIT_FAILURE);
	}
	code = flushed(&cli, code);
	if (cmd->done && cli.data)
		cmd->done(cli.data);
	strv_done(&cli.names);
	strv_done(&cli.rest);
	free(cli.data);
	return code;
}

static const struct command *find(const char *name)
{
	for (const struct command *const *cmd = cli_commands; *cmd; cmd++)
		if (str_eq((*cmd)->name, name))
			return *cmd;
	return NULL;
}

/* All commands: ours, then those of the other program. */
static int list(bool ours_only)
{
	static const char manage[] = MGR_LIBEXECDIR "/mgr-manage";

	if (!ours_only)
		printf("Usage: mgr COMMAND [OPTION...], or mgr-COMMAND [OPTION...]\nSystem containers.\n\n");
	help_list();
	if (!ours_only) {
		fflush(stdout);
		execl(manage, manage, "--list", (char *)NULL);
	}
	return 0;
}

/* A command that this program has not: the one that is installed beside it. */
static int other(char *argv[])
{
	struct err err = { 0 };
	char *name = argv[0];
	autofree char *path = strchr(name, '/') ? NULL : str_fmt("%s/mgr-%s", MGR_BINDIR, name);

	argv[0] = path;
	if (path)
		execv(path, argv);
	err_set(&err, ENOENT, "unknown command '%s'", name);
	fprintf(stderr, "mgr: %s\ntry 'mgr help'\n", err.msg);
	return EXIT_USAGE;
}

int main(int argc, char *argv[])
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL, *self = argc > 0 ? argv[0] : "mgr";
	const struct command *cmd;

	fd_fill_stdio();
	report_open();
	if (slash)
		self = slash + 1;
	cmd = str_starts(self, "mgr-") ? find(self + 4) : NULL;
	if (cmd)
		return run(cmd, argv);
	if (argc < 2) {
		fprintf(stderr, "mgr: no command given\ntry 'mgr help'\n");
		return EXIT_USAGE;
	}
	argv++;
	cmd = find(argv[0]);
	if (cmd)
		return run(cmd, argv);
	if (str_eq(argv[0], "--version")) {
		printf("mgr %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (str_eq(argv[0], "--describe")) {
		describe();
		return 0;
	}
	if (str_eq(argv[0], "help") && argv[1]) {
		char *help[] = { argv[1], (char *)"--help", NULL };
		cmd = find(argv[1]);
		return cmd ? run(cmd, help) : other(help);
	}
	if (str_eq(argv[0], "help") || str_eq(argv[0], "-h") || str_eq(argv[0], "--help") || str_eq(argv[0], "--list"))
		return list(str_eq(argv[0], "--list"));
	return other(argv);
}
