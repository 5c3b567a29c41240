/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "check/check.h"
#include "cli/cli.h"
#include "cli/print.h"

struct checkconfig {
	struct print *json; /* NULL: as text */
	struct err err;     /* of printing */
	unsigned count[CHECK_STATUSES];
	const char *group;
};

static const struct print_column columns[] = {
	{ "group", NULL, PRINT_TEXT }, { "name", NULL, PRINT_TEXT },   { "status", NULL, PRINT_TEXT },
	{ "found", NULL, PRINT_TEXT }, { "advice", NULL, PRINT_TEXT },
};

static void show(struct checkconfig *d, const struct check_result *result)
{
	if (!d->group || !str_eq(d->group, result->group))
		printf("%s%s\n", d->group ? "\n" : "", result->group);
	d->group = result->group;
	printf("  %-19s %-8s ", result->name, check_status_names[result->status]);
	print_escaped(result->found);
	printf("\n");
	if (result->advice)
		printf("  %-19s -> %s\n", "", result->advice);
}

static void take(const struct check_result *result, void *data)
{
	struct checkconfig *d = data;
	const struct print_cell cells[] = {
		print_text(result->group), print_text(result->name),   print_text(check_status_names[result->status]),
		print_text(result->found), print_text(result->advice),
	};

	d->count[result->status]++;
	if (!d->json)
		show(d, result);
	else if (!d->err.code)
		print_row(d->json, cells, &d->err);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	struct checkconfig d = { 0 };
	int r;

	(void)name;
	if (cli->json && !(d.json = print_new(columns, ARRAY_SIZE(columns), PRINT_JSON, err)))
		return -err->code;
	r = check_host(&cli->store, take, &d, err);
	if (r == 0 && d.err.code) {
		*err = d.err;
		r = -err->code;
	}
	if (r == 0 && d.json)
		r = print_end(d.json, err);
	print_free(d.json);
	if (r < 0)
		return r;
	if (!cli->json)
		printf("\n%u ok, %u warnings, %u failed\n", d.count[CHECK_OK], d.count[CHECK_WARNING],
		       d.count[CHECK_FAILED]);
	return d.count[CHECK_FAILED] ? EXIT_FAILURE : 0;
}

const struct command cmd_checkconfig = {
	.name = "checkconfig",
	.args = "",
	.help = "Try whether containers can run on this host.",
	.flags = CMD_JSON | CMD_FOLDER,
	.run = run,
};
