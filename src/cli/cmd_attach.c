/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "attach/attach.h"
#include "cli/cli.h"
#include "cli/report.h"

struct attach_data {
	struct attach_conf conf;
	struct strv env;
};

static int set_user(void *data, const char *value, struct err *err)
{
	struct attach_data *d = data;

	(void)err;
	d->conf.user = value;
	return 0;
}

static int set_group(void *data, const char *value, struct err *err)
{
	struct attach_data *d = data;

	(void)err;
	d->conf.group = value;
	return 0;
}

static int set_cwd(void *data, const char *value, struct err *err)
{
	struct attach_data *d = data;

	if (value[0] != '/')
		return err_set(err, EINVAL, "'%s' is not an absolute path", value);
	d->conf.cwd = value;
	return 0;
}

static int set_var(void *data, const char *value, struct err *err)
{
	struct attach_data *d = data;

	if (value[0] == '=' || !strchr(value, '='))
		return err_set(err, EINVAL, "'%s' is not KEY=VALUE", value);
	return strv_add(&d->env, value) < 0 ? err_nomem(err) : 0;
}

static int set_clear_env(void *data, const char *value, struct err *err)
{
	struct attach_data *d = data;

	(void)value, (void)err;
	d->conf.keep_env = false;
	return 0;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	struct attach_data *d = cli->data;

	d->conf.env = &d->env;
	d->conf.again = report_again;
	d->conf.command = &cli->rest;
	int code = attach_run(&cli->store, name, &d->conf, err);
	if (code >= 0 && err->code)
		cli_complain(cli, name, err);
	return code;
}

static void done(void *data)
{
	struct attach_data *d = data;

	strv_done(&d->env);
}

static const struct option_row opts[] = {
	{ 'u', "user", "USER", "Run as this user of the container (root).", .set = set_user },
	{ 'g', "group", "GROUP", "Run with this group instead of the user's own.", .set = set_group },
	{ 'c', "cwd", "FOLDER", "Run in this folder of the container (the user's home).", .set = set_cwd },
	{ 'v', "set-var", "K=V", "Set a variable in the environment; may be repeated.", .set = set_var },
	{ 0, "clear-env", NULL, "Begin with an environment of the container's alone (the default).", .set = set_clear_env },
	{ 0, "keep-env", NULL, "Begin with the caller's environment.", .flag = offsetof(struct attach_data, conf.keep_env) },
	{ 0 },
};

const struct command cmd_attach = {
	.name = "attach",
	.args = "[--] [COMMAND [ARG...]]",
	.help = "Run a command, or the login shell, inside a running container.",
	.opts = opts,
	.data_size = sizeof(struct attach_data),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_REST | CMD_OURS_125 | CMD_RUNNING,
	.run = run,
	.done = done,
};
