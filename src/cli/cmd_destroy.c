/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/cli.h"
#include "cli/enabled.h"
#include "life/life.h"
#include "life/passing.h"

struct destroy {
	bool force;
};

static int set_force(void *data, const char *value, struct err *err)
{
	struct destroy *destroy = data;

	(void)value, (void)err;
	destroy->force = true;
	return 0;
}

static const struct option_row opts[] = {
	{ 'f', "force", NULL, "Stop it first if it runs; remove one without a config, or whose hook fails.",
	  .set = set_force },
	{ 0 },
};

static int destroy(struct cli *cli, const char *name, struct err *err)
{
	const struct destroy *destroy = cli->data;
	int r = life_destroy(&cli->store, name, destroy->force, err);

	passing_sweep(&cli->store);
	if (r > 0)
		cli_complain(cli, name, err);
	if (r >= 0)
		enabled_warn(cli, name);
	return r < 0 ? r : 0;
}

const struct command cmd_destroy = {
	.name = "destroy",
	.help = "Remove a container, its address and its ids.",
	.opts = opts,
	.data_size = sizeof(struct destroy),
	.flags = CMD_EACH_NAME,
	.run = destroy,
};
