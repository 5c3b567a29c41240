/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>

#include "cli/cli.h"
#include "cli/left.h"
#include "life/copy.h"
#include "life/passing.h"
#include "storage/storage.h"

static int set_name(void *data, const char *value, struct err *err)
{
	struct life_copy *copy = data;

	copy->name = value;
	return store_check_new_name(value, err);
}

static int set_backend(void *data, const char *value, struct err *err)
{
	struct life_copy *copy = data;

	copy->backend = value;
	return str_eq(value, "auto") || storage_named(value, err) ? 0 : -err->code;
}

static int set_size(void *data, const char *value, struct err *err)
{
	struct life_copy *copy = data;
	uint64_t size;

	copy->size = value;
	return str_size(value, &size) == 0 && size
		       ? 0
		       : err_set(err, EINVAL, "'%s' is no size: digits, with K, M, G or T", value);
}

static int check(struct cli *cli)
{
	const struct life_copy *what = cli->data;

	if (what->thin && what->backend)
		return cli_usage(cli, "only one of -s and -B");
	return 0;
}

static const struct option_row opts[] = {
	{ 'N', "newname", "NEW", "The copy's name.", .set = set_name },
	{ 'B', "backend", "BACKEND", "How its files are kept, instead of as the original's are.", .set = set_backend },
	{ 0, "size", "SIZE", "How much room it has, instead of what the original has.", .set = set_size },
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
	.check = check,
	.run = copy,
};
