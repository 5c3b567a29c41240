/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "cli/cli.h"
#include "life/freeze.h"

#define PATIENCE (10 * CLOCK_SECOND)

struct freeze_data {
	uint64_t timeout;
	bool has_timeout;
};

static int set_timeout(void *data, const char *value, struct err *err)
{
	struct freeze_data *d = data;

	d->has_timeout = true;
	return cli_set_duration(value, &d->timeout, err);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct freeze_data *d = cli->data;

	return life_freeze(&cli->store, name, d->has_timeout ? d->timeout : PATIENCE, err);
}

static const struct option_row opts[] = {
	{ 't', "timeout", "S", "Give up after this long, let it run on and exit 1 (10).", .set = set_timeout },
	{ 0 },
};

const struct command cmd_freeze = {
	.name = "freeze",
	.args = "NAME...",
	.help = "Suspend every process of a container.",
	.opts = opts,
	.data_size = sizeof(struct freeze_data),
	.flags = CMD_EACH_NAME | CMD_MUST_EXIST | CMD_PARALLEL | CMD_RUNNING,
	.run = run,
};
