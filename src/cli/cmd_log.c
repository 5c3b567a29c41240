/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/log_files.h"
#include "cli/log_text.h"

struct log_data {
	struct log_text text;
	bool follow, level_given;
};

static int set_since(void *data, const char *value, struct err *err)
{
	struct log_data *d = data;

	return log_text_since(&d->text, value, err);
}

static int set_level(void *data, const char *value, struct err *err)
{
	struct log_data *d = data;

	d->level_given = log_level_parse(value, &d->text.least);
	return d->level_given ? 0 : err_set(err, EINVAL, "'%s' is not one of " LOG_LEVEL_LIST, value);
}

static void take(void *data, const char *bytes, size_t n)
{
	struct log_data *d = data;

	if (n > 0)
		log_text_add(&d->text, bytes, n);
	else
		fflush(stdout);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	struct log_data *d = cli->data;
	int r;

	if (d->text.console && (d->text.since[0] || d->level_given))
		return cli_usage(cli, "--%s: what a guest writes to its console has no %s",
				 d->text.since[0] ? "since" : "level", d->text.since[0] ? "times" : "levels");
	r = log_files_read(&cli->store, name, d->text.console ? "console" : "log", d->follow, take, d, err);
	log_text_end(&d->text);
	return r;
}

static const struct option_row opts[] = {
	{ 'f', "follow", NULL, "Go on with what is added.", .flag = offsetof(struct log_data, follow) },
	{ 0, "console", NULL, "What the guest has written to its console, instead.",
	  .flag = offsetof(struct log_data, text.console) },
	{ 0, "since", "TIME", "Nothing older: so long ago (10m), or a time (2026-01-31T12:00:00Z).", .set = set_since },
	{ 'l', "level", "LEVEL", "Nothing less severe than this.", .set = set_level },
	{ 0 },
};

const struct command cmd_log = {
	.name = "log",
	.args = "NAME",
	.help = "Show what happened to a container, or what it said.",
	.opts = opts,
	.data_size = sizeof(struct log_data),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST,
	.run = run,
};
