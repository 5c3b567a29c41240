/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/look.h"

struct ls_data {
	bool line, fancy;
};

static int set_line(void *data, const char *value, struct err *err)
{
	struct ls_data *d = data;

	(void)value, (void)err;
	d->line = true;
	return 0;
}

static int set_fancy(void *data, const char *value, struct err *err)
{
	struct ls_data *d = data;

	(void)value, (void)err;
	d->fancy = true;
	return 0;
}

/* Side by side as far as the terminal is wide; a line each where there is none. */
static int print_names(const struct strv *names, bool line)
{
	struct winsize size = { 0 };
	size_t width = 0, across, i;

	for (i = 0; i < names->n; i++)
		if (strlen(names->v[i]) + 1 > width)
			width = strlen(names->v[i]) + 1;
	if (line || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || width == 0)
		across = 1;
	else
		across = size.ws_col / width ? size.ws_col / width : 1;
	for (i = 0; i < names->n; i++)
		if ((i + 1) % across == 0 || i + 1 == names->n)
			printf("%s\n", names->v[i]);
		else
			printf("%-*s", (int)width, names->v[i]);
	return 0;
}

/* One that is destroyed meanwhile is left out. */
static int add_rows(struct cli *cli, const struct strv *names, struct print *p, struct err *err)
{
	struct cgroup host;
	int r = cgroup_host(&host, err);

	for (size_t i = 0; i < names->n && r >= 0; i++) {
		autocall(look_done) struct look look = { 0 };
		r = look_at(&host, &cli->store, names->v[i], LOOK_ALL, &look, err);
		if (r == -ENOENT) {
			err_clear(err);
			r = 0;
		} else if (r >= 0)
			r = look_row(p, names->v[i], &look, err);
	}
	return r;
}

static int print_rows(struct cli *cli, const struct strv *names, enum print_format format, struct err *err)
{
	struct print *p = look_print(format, err);
	int r = p ? add_rows(cli, names, p, err) : -err->code;

	if (r >= 0)
		r = print_end(p, err);
	print_free(p);
	return r;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct ls_data *d = cli->data;
	autocall(strv_done) struct strv names = { 0 };
	int r = store_list(&cli->store, &names, err);

	(void)name;
	if (r < 0)
		return r;
	if (cli->json)
		return print_rows(cli, &names, PRINT_JSON, err);
	return d->fancy ? print_rows(cli, &names, PRINT_TABLE, err) : print_names(&names, d->line);
}

static const struct option_row opts[] = {
	{ '1', "line", NULL, "Show one name a line.", set_line },
	{ 'f', "fancy", NULL, "Show a table: state, readiness, memory, addresses, forwards.", set_fancy },
	{ 0, NULL, NULL, NULL, NULL },
};

const struct command cmd_ls = {
	.name = "ls",
	.args = "",
	.help = "List containers.",
	.opts = opts,
	.data_size = sizeof(struct ls_data),
	.flags = CMD_JSON,
	.run = run,
};
