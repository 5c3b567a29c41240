/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <unistd.h>

#include "cli/copy.h"

static int run(struct cli *cli, const char *name, struct err *err)
{
	struct copy_data *d = cli->data;
	int r = copy_words(cli);

	if (r != 0)
		return r;
	if (str_eq(d->copy.target, "-"))
		d->copy.standard = STDOUT_FILENO;
	return lib_pull(&cli->store, name, &d->copy, err);
}

static const struct option_row opts[] = {
	COPY_OPTIONS,
	{ 0 },
};

const struct command cmd_pull = {
	.name = "pull",
	.args = "SOURCE... TARGET",
	.help = "Copy files and folders out of a container.",
	.opts = opts,
	.data_size = sizeof(struct copy_data),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_WORDS,
	.run = run,
	.done = copy_done,
};
