/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/attend.h"
#include "cli/cli.h"
#include "life/passing.h"
#include "mount/volume.h"
#include "tty/tty.h"

struct execute_data {
	struct strv assign;
	const char *user, *rootfs;
	const char *only_option; /* one that goes with --rootfs alone; NULL: none */
	bool exposed;
};

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
	struct execute_data *d = data;

	return cli_set_key(&d->assign, "uts.name", value, err);
}

static int set_rootfs(void *data, const char *value, struct err *err)
{
	struct execute_data *d = data;

	if (!*value)
		return err_set(err, EINVAL, "is empty, not a folder");
	d->rootfs = value;
	return 0;
}

static int set_exposed(void *data, const char *value, struct err *err)
{
	struct execute_data *d = data;

	(void)value, (void)err;
	d->exposed = true;
	d->only_option = "--exposed";
	return 0;
}

static int set_net(void *data, const char *value, struct err *err)
{
	struct execute_data *d = data;
	const char *type = str_eq(value, "bridge") ? "veth" : value;

	if (!str_eq(value, "empty") && !str_eq(value, "host") && !str_eq(value, "bridge"))
		return err_set(err, EINVAL, "'%s' is not empty, host or bridge", value);
	d->only_option = "--net";
	return cli_set_key(&d->assign, "net.0.type", type, err);
}

static int set_volume(void *data, const char *value, struct err *err)
{
	struct execute_data *d = data;

	return mount_volume_assign(value, &d->assign, err);
}

static int set_memory(void *data, const char *value, struct err *err)
{
	struct execute_data *d = data;

	return cli_set_key(&d->assign, "limits.memory", value, err);
}

static int set_cpus(void *data, const char *value, struct err *err)
{
	struct execute_data *d = data;

	return cli_set_key(&d->assign, strpbrk(value, "-,") ? "limits.cpuset" : "limits.cpus", value, err);
}

/* What is no terminal is the command's own. */
static int choose_stdio(struct lib_command *command, struct lib_foreground *how, struct err *err)
{
	struct tty_stdio stdio;
	int r = tty_look_at_stdio(&stdio, err);

	for (int fd = 0; fd < 3; fd++)
		command->stdio[fd] = stdio.is_terminal[fd] ? -1 : fd;
	command->terminal = stdio.first;
	command->term = stdio.first < 0 ? NULL : getenv("TERM");
	how->console = stdio.first >= 0;
	how->in = stdio.in;
	how->out = stdio.out;
	return r;
}

static int execute(const struct cli *cli, const struct store *store, const char *name, struct err *err)
{
	const struct execute_data *d = cli->data;
	struct lib_command command = { .argv = &cli->rest, .user = d->user };
	struct lib_foreground how = { .pass = true };
	int code = EXIT_OURS;
	struct lib_start start = { .assign = d->rootfs ? NULL : &d->assign, .command = &command, .exit_code = &code };
	int r = choose_stdio(&command, &how, err);

	if (r == 0)
		r = cli_attend(cli, store, name, d->rootfs ? NULL : name, &start, &how, err);
	if (r >= 0 || code == EXIT_OURS)
		return r;
	cli_complain(cli, d->rootfs ? NULL : name, err);
	err_clear(err);
	return code;
}

/* In a container that is made for it. */
static int execute_in_folder(const struct cli *cli, struct err *err)
{
	const struct execute_data *d = cli->data;
	struct life_create what = { .rootfs = d->rootfs,
				    .exposed = d->exposed,
				    .args = &(struct strv){ 0 },
				    .conf = "/dev/null",
				    .set = &d->assign };
	struct err end = { 0 };
	struct passing passing;
	int r = passing_make(&cli->store, &what, &passing, err);

	if (r < 0)
		return r;
	r = execute(cli, &passing.store, passing.name, err);
	if (passing_end(&passing, &end) < 0 && r >= 0) {
		*err = end;
		return err_wrap(err, "clear away");
	}
	return r;
}

/* Signals wait for the command to pass them on to, and for what was made to be cleared away. */
static int execute_undisturbed(const struct cli *cli, struct err *err)
{
	sigset_t signals, before;
	int r;

	tty_relay_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, &before);
	r = execute_in_folder(cli, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* A run of a container that is stored. */
static int execute_stored(const struct cli *cli, const char *name, struct err *err)
{
	int phase = store_lock_peek(&cli->store, name, err);

	if (phase < 0)
		return phase;
	if (store_phase_runs((enum store_phase)phase))
		return err_set(err, EBUSY, "is running: 'mgr-attach' runs commands in it");
	return execute(cli, &cli->store, name, err);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct execute_data *d = cli->data;

	if (!name == !d->rootfs)
		return cli_usage(cli, name ? "-n and --rootfs do not go together" : "no container named, and no --rootfs");
	if (name && d->only_option)
		return cli_usage(cli, "%s goes with --rootfs", d->only_option);
	if (d->rootfs && cli->path)
		return cli_usage(cli, "-P and --rootfs do not go together");
	if (!cli->rest.n || !*cli->rest.v[0])
		return cli_usage(cli, "no command given");
	return name ? execute_stored(cli, name, err) : execute_undisturbed(cli, err);
}

static void done(void *data)
{
	struct execute_data *d = data;

	strv_done(&d->assign);
}

static const struct option_row opts[] = {
	{ 0, "rootfs", "DIR", "Run it in this folder, used where it is, instead of a container's.", .set = set_rootfs },
	{ 0, "exposed", NULL, "With --rootfs: although others than root can come to it.", .set = set_exposed },
	{ 'u', "user", "USER", "Run the command as this user of the container (root).", .set = set_user },
	{ 0, "hostname", "NAME", "The host name inside.", .set = set_hostname },
	{ 0, "net", "NETWORK", "With --rootfs: empty (the default), host, or bridge for the managed network.",
	  .set = set_net },
	{ 'v', "volume", "VOLUME", "Let it have a file or folder of the host's: HOST:CTR, or HOST:CTR:ro.",
	  .set = set_volume },
	{ 0, "memory", "SIZE", "Memory that it may use: limits.memory.", .set = set_memory },
	{ 0, "cpus", "N", "How many processors it may use, such as 1.5, or which, such as 0-3.", .set = set_cpus },
	{ 's', "set", "KEY=VALUE", "Set a key of the configuration, for this run.", .set = set_assignment },
	{ 0 },
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
