/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <regex.h>
#include <stddef.h>
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

#define FROZEN (1U << WIRE_FREEZING | 1U << WIRE_FROZEN)

struct ls_data {
	bool line, fancy, chosen;
	struct look_columns columns;
	unsigned states; /* bit n: enum wire_state n; 0: any */
	bool filtered;
	regex_t filter;
};

static int set_columns(void *data, const char *value, struct err *err)
{
	struct ls_data *d = data;

	d->fancy = d->chosen = true;
	return look_choose(&d->columns, value, err);
}

static int add_states(void *data, unsigned states)
{
	struct ls_data *d = data;

	d->states |= states;
	return 0;
}

static int set_running(void *data, const char *value, struct err *err)
{
	(void)value, (void)err;
	return add_states(data, WIRE_STATES_RUN & ~FROZEN);
}

static int set_stopped(void *data, const char *value, struct err *err)
{
	(void)value, (void)err;
	return add_states(data, 1U << WIRE_STOPPED);
}

static int set_frozen(void *data, const char *value, struct err *err)
{
	(void)value, (void)err;
	return add_states(data, FROZEN);
}

static int set_active(void *data, const char *value, struct err *err)
{
	(void)value, (void)err;
	return add_states(data, ~(1U << WIRE_STOPPED));
}

static int set_filter(void *data, const char *value, struct err *err)
{
	struct ls_data *d = data;
	char text[128];
	int r;

	if (d->filtered)
		regfree(&d->filter);
	r = regcomp(&d->filter, value, REG_EXTENDED | REG_NOSUB);
	d->filtered = r == 0;
	if (r == 0)
		return 0;
	regerror(r, &d->filter, text, sizeof text);
	return err_set(err, EINVAL, "'%s' is no extended regular expression: %s", value, text);
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
	const struct ls_data *d = cli->data;
	autocall(look_done) struct look look = { 0 };
	struct err err = { 0 };
	int r = look_at(host, &cli->store, name, asked, deadline, d->columns.what, &look, &err);

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = look_row(p, &d->columns, name, &look, &err);
	if (r < 0) {
		cli_complain(cli, name, &err);
		return EXIT_FAILURE;
	}
	look_complain(cli, name, &look);
	look_complain_storage(cli, name, &look);
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

static int add_all(struct cli *cli, const struct strv *names, const struct cgroup *host, struct print *p)
{
	int code = 0;

	for (size_t i = 0; i < names->n; i += ASKED_AT_ONCE) {
		size_t left = names->n - i;
		if (add_rows(cli, names->v + i, left < ASKED_AT_ONCE ? left : ASKED_AT_ONCE, host, p))
			code = EXIT_FAILURE;
	}
	return code;
}

static int print_rows(struct cli *cli, const struct strv *names, const struct cgroup *host, struct err *err)
{
	struct ls_data *d = cli->data;

	if (!d->chosen && cli->json)
		look_choose_json(&d->columns);
	else if (!d->chosen)
		look_choose_table(&d->columns);
	struct print *p = look_print(&d->columns, cli->json ? PRINT_JSON : PRINT_TABLE, err);
	int code = p ? add_all(cli, names, host, p) : -err->code;
	int r = code < 0 ? code : print_end(p, err);
	print_free(p);
	return r < 0 ? r : code;
}

static bool is_wanted(const struct ls_data *d, const struct store *store, const struct cgroup *host, const char *name)
{
	enum wire_state state;

	if (d->filtered && regexec(&d->filter, name, 0, NULL, 0) != 0)
		return false;
	return !d->states || (life_state_on(host, store, name, &state, NULL) >= 0 && d->states >> state & 1);
}

static int choose(const struct cli *cli, const struct cgroup *host, struct strv *ret, struct err *err)
{
	autocall(strv_done) struct strv all = { 0 };
	int r = store_list(&cli->store, &all, err);

	for (size_t i = 0; i < all.n && r >= 0; i++)
		if (is_wanted(cli->data, &cli->store, host, all.v[i]) && strv_add(ret, all.v[i]) < 0)
			r = err_nomem(err);
	return r;
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
	const bool rows = d->fancy || cli->json;
	autocall(strv_done) struct strv names = { 0 };
	struct cgroup host = { 0 };
	int r = rows || d->states ? cgroup_host(&host, err) : 0;

	(void)name;
	if (r >= 0)
		r = choose(cli, &host, &names, err);
	if (r < 0)
		return r;
	complain_husks(cli);
	return rows ? print_rows(cli, &names, &host, err) : print_names(&names, d->line);
}

static void done(void *data)
{
	struct ls_data *d = data;

	if (d->filtered)
		regfree(&d->filter);
}

static const struct option_row opts[] = {
	{ '1', "line", NULL, "Show one name a line.", .flag = offsetof(struct ls_data, line) },
	{ 'f', "fancy", NULL, "Show a table: state, readiness, memory, addresses, forwards.",
	  .flag = offsetof(struct ls_data, fancy) },
	{ 'F', "fancy-format", "COLUMNS", "Show a table of these columns: NAME,STATE,CPU.", .set = set_columns },
	{ 0, "running", NULL, "List those that run.", .set = set_running },
	{ 0, "frozen", NULL, "List those that are frozen.", .set = set_frozen },
	{ 0, "stopped", NULL, "List those that are stopped.", .set = set_stopped },
	{ 0, "active", NULL, "List those that are not stopped.", .set = set_active },
	{ 0, "filter", "REGEX", "List those with this in their name.", .set = set_filter },
	{ 0 },
};

const struct command cmd_ls = {
	.name = "ls",
	.args = "",
	.help = "List containers.",
	.opts = opts,
	.data_size = sizeof(struct ls_data),
	.flags = CMD_JSON | CMD_FOLDER,
	.run = run,
	.done = done,
};
