/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "lib/foreground.h"

struct execute_data {
	struct strv assign;
	const char *user;
};

static int assign(struct execute_data *d, const char *key, const char *value, struct err *err)
{
	return strv_addf(&d->assign, "%s=%s", key, value) < 0 ? err_nomem(err) : 0;
}

static int set_assignment(void *data, const char *value, struct err *err)
{
	struct execute_data *d = data;

	return strv_add(&d->assign, value) < 0 ? err_nomem(err) : 0;
}

static int set_user(void *data, const char *value, struct err *err)
{
	struct execute_data *d = data;

	if (!*value)
		return err_set(err, EINVAL, "is empty, not a user");
	d->user = value;
	return 0;
}

static int set_hostname(void *data, const char *value, struct err *err)
{
	return assign(data, "uts.name", value, err);
}

static int set_memory(void *data, const char *value, struct err *err)
{
	return assign(data, "limits.memory", value, err);
}

static int set_cpus(void *data, const char *value, struct err *err)
{
	return assign(data, "limits.cpus", value, err);
}

/* What is no terminal is the command's own; a folder would let it walk out through it. */
static int choose_stdio(struct lib_command *command, struct lib_foreground *how, struct err *err)
{
	static const char *const names[] = { "standard input", "standard output", "standard error" };
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		bool terminal = isatty(fd) == 1;
		if (!terminal && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
			return err_set(err, EISDIR, "%s is a folder, which is not handed in", names[fd]);
		command->stdio[fd] = terminal ? -1 : fd;
		how->console = how->console || terminal;
	}
	how->in = command->stdio[0] < 0 ? 0 : -1;
	how->out = command->stdio[1] < 0 ? 1 : command->stdio[2] < 0 ? 2 : 0;
	command->term = how->console ? getenv("TERM") : NULL;
	return 0;
}

static int execute(const struct cli *cli, const char *name, struct err *err)
{
	const struct execute_data *d = cli->data;
	struct lib_command command = { .argv = &cli->rest, .user = d->user };
	struct lib_foreground how = { .pass = true };
	int code = EXIT_OURS;
	struct lib_start start = { .assign = &d->assign, .command = &command, .exit_code = &code };
	int r = choose_stdio(&command, &how, err);

	if (r == 0)
		r = lib_foreground(&cli->store, name, &start, &how, err);
	if (r >= 0 || code == EXIT_OURS)
		return r;
	cli_complain(cli, name, err);
	return code;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	if (!name)
		return cli_usage(cli, "no container named");
	if (!cli->rest.n || !*cli->rest.v[0])
		return cli_usage(cli, "no command given");
	int phase = store_lock_peek(&cli->store, name, err);
	if (phase < 0)
		return phase;
	if (store_phase_runs((enum store_phase)phase))
		return err_set(err, EBUSY, "is running: 'mgr-attach' runs commands in it");
	return execute(cli, name, err);
}

static void done(void *data)
{
	struct execute_data *d = data;

	strv_done(&d->assign);
}

static const struct option_row opts[] = {
	{ 'u', "user", "USER", "Run the command as this user of the container (root).", set_user },
	{ 0, "hostname", "NAME", "The host name inside.", set_hostname },
	{ 0, "memory", "SIZE", "Memory that it may use: limits.memory.", set_memory },
	{ 0, "cpus", "N", "Processors that it may use, 1.5 or 0-3: limits.cpus.", set_cpus },
	{ 's', "set", "KEY=VALUE", "Set a key of the configuration, for this run.", set_assignment },
	{ 0, NULL, NULL, NULL, NULL },
};

const struct command cmd_execute = {
	.name = "execute",
	.args = "[--] COMMAND [ARG...]",
	.help = "Run one command in a container of its own, instead of an init.",
	.opts = opts,
	.data_size = sizeof(struct execute_data),
	.flags = CMD_MAY_NAME | CMD_MUST_EXIST | CMD_REST | CMD_OURS_125 | CMD_STOPPED,
	.run = run,
	.done = done,
};
