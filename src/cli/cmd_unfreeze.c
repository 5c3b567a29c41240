/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cli.h"
#include "life/freeze.h"

static int run(struct cli *cli, const char *name, struct err *err)
{
	return life_thaw(&cli->store, name, err);
}

const struct command cmd_unfreeze = {
	.name = "unfreeze",
	.args = "NAME...",
	.help = "Let the processes of a frozen container run on.",
	.flags = CMD_EACH_NAME | CMD_MUST_EXIST | CMD_PARALLEL | CMD_FROZEN,
	.run = run,
};
