/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "life/export.h"

struct export
{
	const char *file;
	bool snapshots;
};

static int set_file(void *data, const char *value, struct err *err)
{
	struct export *export = data;

	export->file = value;
	return *value ? 0 : err_set(err, EINVAL, "a file's name cannot be empty");
}

static const struct option_row opts[] = {
	{ 'o', "output", "FILE",
	  "Write to this file instead of standard output; its end says how it is compressed:\n"
	  "                            .tar, .tar.zst, .tar.gz or .tar.xz.",
	  .set = set_file },
	{ 0, "snapshots", NULL, "Its snapshots too.", .flag = offsetof(struct export, snapshots) },
	{ 0 },
};

static void show(uint64_t done, uint64_t total, void *data)
{
	progress_show(data, done, total);
}

static int export_it(struct cli *cli, const char *name, struct err *err)
{
	const struct export *export = cli->data;
	const bool standard = !export->file || str_eq(export->file, "-");
	struct progress progress = { .command = "export", .name = name, .began = clock_now() };
	autocall(str_done) struct str told = { 0 };
	struct life_export what = { .file = standard ? NULL : export->file,
				    .out = STDOUT_FILENO,
				    .snapshots = export->snapshots,
				    .progress = cli_progress() ? show : NULL,
				    .data = &progress };
	int r;

	if (standard && isatty(STDOUT_FILENO))
		return cli_usage(cli, "standard output is a terminal: give a file with -o");
	r = life_export(&cli->store, name, &what, &told, err);
	if (what.progress)
		progress_end();
	if (r >= 0)
		fputs(str_text(&told), stderr);
	return r;
}

const struct command cmd_export = {
	.name = "export",
	.args = "NAME [-o FILE]",
	.help = "Pack a stopped container into an archive.",
	.opts = opts,
	.data_size = sizeof(struct export),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_STOPPED,
	.run = export_it,
};
