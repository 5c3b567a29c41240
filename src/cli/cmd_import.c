/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "life/import.h"
#include "life/passing.h"
#include "storage/storage.h"

struct import {
	struct life_import what;
	const char *name;
};

static int set_name(void *data, const char *value, struct err *err)
{
	struct import *import = data;

	import->name = value;
	return store_check_new_name(value, err);
}

static int set_size(void *data, const char *value, struct err *err)
{
	struct import *import = data;

	if (str_size(value, &import->what.size) == 0 && import->what.size > 0)
		return 0;
	return err_set(err, EINVAL, "'%s' is not a size, such as 500M", value);
}

static int set_backend(void *data, const char *value, struct err *err)
{
	struct import *import = data;

	import->what.backend = value;
	return str_eq(value, "auto") || storage_named(value, err) ? 0 : -err->code;
}

static const struct option_row opts[] = {
	{ 'N', "newname", "NEW", "The name that it is to have, instead of the one that it had.", .set = set_name },
	{ 'B', "backend", "BACKEND", "How its root file system is stored; auto chooses.", .set = set_backend },
	{ 0, "size", "SIZE", "So much may be unpacked, instead of what there is room for.", .set = set_size },
	{ 0, "trust", NULL, "Take all of its configuration, hooks and mounts too.",
	  .flag = offsetof(struct import, what.trust) },
	{ 0 },
};

static void show(uint64_t done, uint64_t total, void *data)
{
	progress_show(data, done, total);
}

static int import_it(struct cli *cli, const char *name, struct err *err)
{
	struct import *import = cli->data;
	autocall(about_done) struct about about = { 0 };
	autocall(str_done) struct str told = { 0 };
	int r;

	(void)name;
	if (cli->rest.n != 1)
		return cli_usage(cli,
				 cli->rest.n ? "only one archive" : "which archive? give a file that mgr-export has made");
	import->what.file = cli->rest.v[0];
	passing_sweep(&cli->store);
	r = life_import_about(&import->what, &about, err);
	if (r < 0)
		return r;
	name = import->name ? import->name : about.name;
	struct progress progress = { .command = "import", .name = name, .began = clock_now() };
	import->what.progress = cli_progress() ? show : NULL;
	import->what.data = &progress;
	r = life_import(&cli->store, name, &import->what, &about, &told, err);
	if (import->what.progress)
		progress_end();
	if (r >= 0)
		fputs(str_text(&told), stderr);
	if (r > 0)
		cli_complain(cli, name, err);
	return r < 0 ? err_wrap(err, "%s", name) : 0;
}

const struct command cmd_import = {
	.name = "import",
	.args = "FILE [-N NEW]",
	.help = "Make a container of an archive that mgr-export has made.",
	.opts = opts,
	.data_size = sizeof(struct import),
	.flags = CMD_WORDS,
	.run = import_it,
};
