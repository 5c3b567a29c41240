/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/copy.h"

#include <stdio.h>

static void note(const char *line, void *data)
{
	const struct cli *cli = data;

	fprintf(stderr, "mgr-%s: %s: %s\n", cli->command->name, cli->names.v[0], line);
}

int copy_words(struct cli *cli)
{
	struct copy_data *d = cli->data;
	size_t n = cli->rest.n;

	if (n < 2)
		return cli_usage(cli,
				 n ? "where to? give a target behind '%s'" : "nothing to copy: give a source and a target",
				 n ? cli->rest.v[0] : "");
	for (size_t i = 0; i + 1 < n; i++)
		if (strv_add(&d->sources, cli->rest.v[i]) < 0)
			return cli_usage(cli, "out of memory");
	d->copy.sources = &d->sources;
	d->copy.target = cli->rest.v[n - 1];
	d->copy.standard = -1;
	d->copy.note = note;
	d->copy.data = cli;
	return 0;
}

void copy_done(void *data)
{
	struct copy_data *d = data;

	strv_done(&d->sources);
}
