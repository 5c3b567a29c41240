/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/change.h"

#include <stddef.h>

const struct option_row change_opts[] = {
	{ 0, "save", NULL, "Keep the change in the container's configuration too.",
	  .flag = offsetof(struct change_data, save) },
	{ 0 },
};

int change_run(struct cli *cli, const char *name,
	       int (*change)(struct cli *cli, const char *name, bool del, struct err *err),
	       int (*ls)(struct cli *cli, const char *name, struct err *err), struct err *err)
{
	const struct change_data *d = cli->data;
	const char *verb = cli->rest.n ? cli->rest.v[0] : "";
	const bool del = str_eq(verb, "del");

	if (!del && !str_eq(verb, "add") && !str_eq(verb, "ls"))
		return cli_usage_verb(cli, name, "add, del and ls");
	if (!name)
		return cli_usage(cli, "no container named: -n NAME");
	if (del || str_eq(verb, "add"))
		return cli->json ? cli_usage(cli, "--json goes with ls") : change(cli, name, del, err);
	if (cli->rest.n != 1)
		return cli_usage(cli, "'ls' takes no argument");
	return d->save ? cli_usage(cli, "--save goes with add and del") : ls(cli, name, err);
}
