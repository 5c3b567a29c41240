/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/left.h"
#include "cli/print.h"
#include "life/passing.h"
#include "life/snapshot.h"

struct options {
	bool list, live;
	const char *comment, *restore, *delete, *name;
};

static int set_comment(void *data, const char *value, struct err *err)
{
	struct options *o = data;

	(void)err;
	o->comment = value;
	return 0;
}

static int set_restore(void *data, const char *value, struct err *err)
{
	struct options *o = data;

	o->restore = value;
	return snapshot_check_name(value, err);
}

static int set_name(void *data, const char *value, struct err *err)
{
	struct options *o = data;

	o->name = value;
	return store_check_new_name(value, err);
}

static int set_delete(void *data, const char *value, struct err *err)
{
	struct options *o = data;

	o->delete = value;
	return snapshot_check_name(value, err);
}

static const struct option_row opts[] = {
	{ 0, "comment", "TEXT", "Goes with the new one, and is shown in the list.", .set = set_comment },
	{ 0, "live", NULL, "For a new one: it may run, and stands still while its files are kept.",
	  .flag = offsetof(struct options, live) },
	{ 'L', "list", NULL, "List those that there are.", .flag = offsetof(struct options, list) },
	{ 'r', "restore", "SNAPSHOT", "Make the container what it was then.", .set = set_restore },
	{ 'N', "newname", "NEW", "With -r: make a new container of it instead.", .set = set_name },
	{ 'd', "delete", "SNAPSHOT", "Remove one; ALL: every one.", .set = set_delete },
	{ 0 },
};

static const struct print_column columns[] = {
	{ "name", "NAME", PRINT_TEXT },
	{ "created", "CREATED", PRINT_TIME },
	{ "size", "SIZE", PRINT_BYTES },
	{ "comment", "COMMENT", PRINT_TEXT },
};

static int list(struct cli *cli, const char *name, struct err *err)
{
	struct snapshots all = { 0 };
	struct print *p = NULL;
	int r = life_snapshots(&cli->store, name, &all, err);

	if (r == 0) {
		p = print_new(columns, ARRAY_SIZE(columns), cli->json ? PRINT_JSON : PRINT_TABLE, err);
		r = p ? 0 : -err->code;
	}
	for (size_t i = 0; i < all.n && r == 0; i++)
		r = print_row(p,
			      (struct print_cell[]){
				      print_text(all.v[i].name),
				      print_number(all.v[i].created),
				      print_number(all.v[i].size),
				      print_text(all.v[i].comment),
			      },
			      err);
	if (r == 0)
		r = print_end(p, err);
	print_free(p);
	snapshots_done(&all);
	return r;
}

static int take(struct cli *cli, const char *name, struct err *err)
{
	const struct options *o = cli->data;
	const char *wanted = cli->rest.n ? cli->rest.v[0] : NULL;
	char snapshot[STORE_NAME_MAX + 1];
	int r = life_snapshot(&cli->store, name, wanted, o->comment, o->live, snapshot, err);

	if (r == 0 && !wanted)
		puts(snapshot);
	return r;
}

static int check(struct cli *cli)
{
	const struct options *o = cli->data;
	const int others = o->list + !!o->restore + !!o->delete;

	if (others > 1)
		return cli_usage(cli, "only one of -L, -r and -d");
	if (o->name && !o->restore)
		return cli_usage(cli, "-N goes with -r");
	if (o->comment && others)
		return cli_usage(cli, "--comment goes with a new snapshot");
	if (o->live && others)
		return cli_usage(cli, "--live goes with a new snapshot");
	if (cli->json && !o->list)
		return cli_usage(cli, "--json goes with -L");
	if (cli->rest.n > 1 || (cli->rest.n && others))
		return cli_usage(cli, "unexpected argument '%s'", cli->rest.v[cli->rest.n - 1]);
	return 0;
}

static int snapshot(struct cli *cli, const char *name, struct err *err)
{
	const struct options *o = cli->data;
	const struct life_copy copy = { .from = name, .snapshot = o->restore, .name = o->name };

	if (o->list)
		return list(cli, name, err);
	passing_sweep(&cli->store);
	if (o->delete)
		return life_snapshot_delete(&cli->store, name, o->delete, err);
	if (o->name)
		return left_run(cli, &copy, err);
	return o->restore ? life_restore(&cli->store, name, o->restore, err) : take(cli, name, err);
}

const struct command cmd_snapshot = {
	.name = "snapshot",
	.args = "NAME [SNAPSHOT] | NAME -L | NAME -r SNAPSHOT [-N NEW] | NAME -d SNAPSHOT",
	.help = "Keep a container as it is now, and make it again what it was.",
	.opts = opts,
	.data_size = sizeof(struct options),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_WORDS | CMD_JSON,
	.check = check,
	.run = snapshot,
};
