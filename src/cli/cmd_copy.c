/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>

#include "cli/cli.h"
#include "cli/left.h"
#include "life/copy.h"
#include "life/passing.h"

static int set_name(void *data, const char *value, struct err *err)
{
	struct life_copy *copy = data;

	copy->name = value;
	return store_check_new_name(value, err);
}

static const struct option_row opts[] = {
	{ 'N', "newname", "NEW", "The copy's name.", .set = set_name },
	{ 's', "snapshot", NULL, "Both stand on the files that there are: nothing is copied.",
	  .flag = offsetof(struct life_copy, thin) },
	{ 'e', "ephemeral", NULL, "Start it; it is removed when that run ends, however it ends.",
	  .flag = offsetof(struct life_copy, ephemeral) },
	{ 0, "live", NULL, "It may run: it stands still while its files are copied.",
	  .flag = offsetof(struct life_copy, live) },
	{ 'K', "keepname", NULL, "It keeps the host name.", .flag = offsetof(struct life_copy, keep_name) },
	{ 'M', "keepmac", NULL, "It keeps the hardware addresses.", .flag = offsetof(struct life_copy, keep_macs) },
	{ 0 },
};

static int copy(struct cli *cli, const char *name, struct err *err)
{
	struct life_copy *what = cli->data;

	if (!what->name)
		return cli_usage(cli, "which name is the copy to have? give it with -N NEW");
	what->from = name;
	passing_sweep(&cli->store);
	return left_run(cli, what, err);
}

const struct command cmd_copy = {
	.name = "copy",
	.args = "NAME -N NEW",
	.help = "Make another container of the files and the configuration of one that there is.",
	.opts = opts,
	.data_size = sizeof(struct life_copy),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST,
	.run = copy,
};
