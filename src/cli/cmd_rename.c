/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/await.h"
#include "cli/cli.h"
#include "cli/enabled.h"
#include "life/life.h"
#include "life/passing.h"

struct rename {
	const char *to;
};

static int set_name(void *data, const char *value, struct err *err)
{
	struct rename *rename = data;

	rename->to = value;
	return store_check_new_name(value, err);
}

static const struct option_row opts[] = {
	{ 'N', "newname", "NEW", "The name that it is to have.", .set = set_name },
	{ 0 },
};

static int rename_it(struct cli *cli, const char *name, struct err *err)
{
	const struct rename *rename = cli->data;
	int r;

	if (!rename->to)
		return cli_usage(cli, "which name is it to have? give it with -N NAME");
	if (str_eq(name, rename->to))
		return 0;
	passing_sweep(&cli->store);
	r = life_rename(&cli->store, name, rename->to, err);
	if (r < 0)
		return r;
	enabled_warn(cli, name);
	return await_again(cli, rename->to, false, err) < 0
		       ? err_wrap(err, "it is '%s' now, but cannot wait for a connection", rename->to)
		       : 0;
}

const struct command cmd_rename = {
	.name = "rename",
	.args = "NAME -N NEW",
	.help = "Give a stopped container another name.",
	.opts = opts,
	.data_size = sizeof(struct rename),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_STOPPED,
	.run = rename_it,
};
