/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "life/state.h"

#define ASKED_AT_ONCE 64 /* a descriptor each */

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

/* One that is destroyed meanwhile is left out; one that cannot be looked at has its line, and the others theirs. */
static int add_row(struct cli *cli, const struct cgroup *host, struct print *p, const char *name, int asked,
		   uint64_t deadline)
{
	autocall(look_done) struct look look = { 0 };
	struct err err = { 0 };
	int r = look_at(host, &cli->store, name, asked, deadline, LOOK_ALL, &look, &err);

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = look_row(p, name, &look, &err);
	if (r < 0) {
		cli_complain(cli, name, &err);
		return EXIT_FAILURE;
	}
	look_complain(cli, name, &look);
	return 0;
}

/* All are asked first, then each answer is waited for until the same moment: one that is stuck holds up nobody. The highest
 * exit code. */
static int add_rows(struct cli *cli, char *const *names, size_t n, const struct cgroup *host, struct print *p)
{
	const uint64_t deadline = clock_in(LOOK_PATIENCE);
	int asked[ASKED_AT_ONCE], code = 0;

	for (size_t i = 0; i < n; i++)
		asked[i] = life_ask(&cli->store, names[i], deadline, NULL);
	for (size_t i = 0; i < n; i++)
		if (add_row(cli, host, p, names[i], asked[i], deadline))
			code = EXIT_FAILURE;
	return code;
}

static int add_all(struct cli *cli, const struct strv *names, struct print *p, struct err *err)
{
	struct cgroup host;
	int code = 0, r = cgroup_host(&host, err);

	for (size_t i = 0; i < names->n && r >= 0; i += ASKED_AT_ONCE) {
		size_t left = names->n - i;
		if (add_rows(cli, names->v + i, left < ASKED_AT_ONCE ? left : ASKED_AT_ONCE, &host, p))
			code = EXIT_FAILURE;
	}
	return r < 0 ? r : code;
}

static int print_rows(struct cli *cli, const struct strv *names, enum print_format format, struct err *err)
{
	struct print *p = look_print(format, err);
	int r, code = p ? add_all(cli, names, p, err) : -err->code;

	r = code < 0 ? code : print_end(p, err);
	print_free(p);
	return r < 0 ? r : code;
}

/* What is in the way, and no container. */
static void complain_husks(const struct cli *cli)
{
	autocall(strv_done) struct strv names = { 0 };

	store_husks(&cli->store, &names, NULL);
	for (size_t i = 0; i < names.n; i++) {
		struct err err = { 0 };
		autoclose int folder = store_container(&cli->store, names.v[i], &err);
		if (folder < 0)
			cli_complain(cli, names.v[i], &err);
	}
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct ls_data *d = cli->data;
	autocall(strv_done) struct strv names = { 0 };
	int r = store_list(&cli->store, &names, err);

	(void)name;
	if (r < 0)
		return r;
	complain_husks(cli);
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
