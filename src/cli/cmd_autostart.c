/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/await.h"
#include "cli/cli.h"
#include "cli/complain.h"
#include "cli/parallel.h"
#include "cli/startable.h"
#include "lib/start.h"
#include "life/passing.h"
#include "life/state.h"
#include "life/stop.h"

#define EXIT_SOME_FAILED 2
#define PATIENCE         (60 * CLOCK_SECOND)

enum action {
	ACTION_START,
	ACTION_SHUTDOWN,
	ACTION_KILL,
	ACTION_REBOOT,
};

struct autostart_data {
	enum action action;
	const char *option, *other_option; /* that chose it; one that chose another */
	bool list, has_timeout;
	uint64_t timeout;
	struct startable_choice choice;
};

/* --- one container ---------------------------------------------------------------------------------------------------- */

static int stop(struct cli *cli, const char *name, struct err *err)
{
	static const enum wire_stop_how hows[] = {
		[ACTION_SHUTDOWN] = WIRE_HALT, [ACTION_KILL] = WIRE_KILL, [ACTION_REBOOT] = WIRE_REBOOT
	};
	const struct autostart_data *d = cli->data;
	const struct life_stop how = { .how = hows[d->action], .timeout = d->has_timeout ? d->timeout : PATIENCE };
	int r = life_stop(&cli->store, name, &how, err);

	if (r == -ESRCH && d->action != ACTION_REBOOT) { /* it has ended meanwhile */
		err_clear(err);
		return 0;
	}
	return r;
}

/* 0, or EXIT_SOME_FAILED. */
static int act(struct cli *cli, const char *name)
{
	const struct autostart_data *d = cli->data;
	const struct lib_start start = { .client = -1 };
	struct err err = { 0 };
	int r = d->action == ACTION_START ? lib_start(&cli->store, name, &start, &err) : stop(cli, name, &err);

	if (r >= 0)
		return 0;
	cli_complain(cli, name, &err);
	return EXIT_SOME_FAILED;
}

/* Is there anything to do: is it running, or for a start, is it not? */
static int concerns(struct cli *cli, const struct startable *s, struct err *err)
{
	const struct autostart_data *d = cli->data;
	enum wire_state state;
	int r = life_state(&cli->store, s->name, &state, err);

	if (r < 0)
		return r;
	return (d->action == ACTION_START) == (state == WIRE_STOPPED || state == WIRE_ABORTING);
}

/* --- all of them ------------------------------------------------------------------------------------------------------ */

static void rest(uint64_t ns)
{
	const uint64_t end = clock_in(ns);

	while (clock_now() < end)
		poll(NULL, 0, clock_left_ms(end));
}

/* One after the other, with their delays. */
static int act_in_turn(struct cli *cli, const struct startables *list)
{
	int code = 0;

	for (size_t i = 0; i < list->n; i++) {
		int one = act(cli, list->v[i].name);
		if (one == 0 && i + 1 < list->n)
			rest(list->v[i].delay);
		code = one > code ? one : code;
	}
	return code;
}

/* The last ones first; those of one order at the same time. */
static int act_backwards(struct cli *cli, const struct startables *list)
{
	int code = 0;

	for (size_t end = list->n; end > 0;) {
		size_t begin = end - 1;
		while (begin > 0 && list->v[begin - 1].order == list->v[end - 1].order)
			begin--;
		for (size_t i = begin; i < end; i++)
			if (strv_add(&cli->names, list->v[i].name) < 0)
				return EXIT_FAILURE;
		int some = parallel_run(cli, act);
		code = some > code ? some : code;
		strv_clear(&cli->names);
		end = begin;
	}
	return code;
}

static void show(const struct autostart_data *d, const struct startables *list)
{
	const bool backwards = d->action == ACTION_SHUTDOWN || d->action == ACTION_KILL;

	for (size_t i = 0; i < list->n; i++) {
		const struct startable *s = &list->v[backwards ? list->n - 1 - i : i];
		if (backwards)
			printf("%s\n", s->name);
		else
			printf("%s %.9g\n", s->name, (double)s->delay / (double)CLOCK_SECOND);
	}
}

/* Takes those out that need nothing. */
static int narrow(struct cli *cli, struct startables *list)
{
	size_t n = 0;
	int code = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct err err = { 0 };
		int r = concerns(cli, &list->v[i], &err);
		if (r < 0) {
			cli_complain(cli, list->v[i].name, &err);
			code = EXIT_SOME_FAILED;
		}
		if (r > 0)
			list->v[n++] = list->v[i];
		else
			free(list->v[i].name);
	}
	list->n = n;
	return code;
}

/* Whether one whose configuration cannot be read is meant nobody knows: it is not started, and that is a failure. */
static void complain_unreadable(void *data, const char *name, const struct err *err)
{
	cli_complain(data, name, err);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	struct autostart_data *d = cli->data;
	autocall(startables_done) struct startables list = { 0 };
	int code, r;

	(void)name;
	if (!d->list)
		passing_sweep(&cli->store);
	r = startables_find(&cli->store, &d->choice, complain_unreadable, cli, &list, err);
	if (r < 0)
		return r;
	code = r > 0 ? EXIT_SOME_FAILED : 0;
	r = narrow(cli, &list);
	code = r > code ? r : code;
	if (d->list) {
		show(d, &list);
		return code;
	}
	r = d->action == ACTION_START || d->action == ACTION_REBOOT ? act_in_turn(cli, &list) : act_backwards(cli, &list);
	code = r > code ? r : code;
	if (d->action == ACTION_START && await_all(cli) != 0)
		code = EXIT_SOME_FAILED;
	return code;
}

/* --- the command line ------------------------------------------------------------------------------------------------- */

static int set_action(struct autostart_data *d, enum action action, const char *option)
{
	d->other_option = d->option && !str_eq(d->option, option) ? d->option : d->other_option;
	d->action = action;
	d->option = option;
	return 0;
}

static int set_shutdown(void *data, const char *value, struct err *err)
{
	(void)value, (void)err;
	return set_action(data, ACTION_SHUTDOWN, "--shutdown");
}

static int set_kill(void *data, const char *value, struct err *err)
{
	(void)value, (void)err;
	return set_action(data, ACTION_KILL, "--kill");
}

static int set_reboot(void *data, const char *value, struct err *err)
{
	(void)value, (void)err;
	return set_action(data, ACTION_REBOOT, "--reboot");
}

static int set_timeout(void *data, const char *value, struct err *err)
{
	struct autostart_data *d = data;

	d->has_timeout = true;
	return cli_set_duration(value, &d->timeout, err);
}

static int set_groups(void *data, const char *value, struct err *err)
{
	struct autostart_data *d = data;

	return startable_add_groups(&d->choice, value) < 0 ? err_nomem(err) : 0;
}

static int check(struct cli *cli)
{
	const struct autostart_data *d = cli->data;

	return d->other_option ? cli_usage(cli, "%s and %s do not go together", d->other_option, d->option) : 0;
}

static void done(void *data)
{
	struct autostart_data *d = data;

	strv_done(&d->choice.groups);
}

static const struct option_row opts[] = {
	{ 's', "shutdown", NULL, "Stop them instead, as mgr-stop does.", .set = set_shutdown },
	{ 'k', "kill", NULL, "Kill everything in them at once.", .set = set_kill },
	{ 'r', "reboot", NULL, "Reboot those that run.", .set = set_reboot },
	{ 'L', "list", NULL, "Only say which, and how long it waits behind each.",
	  .flag = offsetof(struct autostart_data, list) },
	{ 't', "timeout", "S", "With --shutdown or --reboot: kill what has not ended after this long (60).",
	  .set = set_timeout },
	{ 'g', "groups", "GROUP",
	  "Those of this group, or of several with commas between, in that order; an empty one: of none.",
	  .set = set_groups },
	{ 'a', "all", NULL, "Those of every group, and of none.",
	  .flag = offsetof(struct autostart_data, choice.every_group) },
	{ 'A', "ignore-auto", NULL, "Those without start.auto too.",
	  .flag = offsetof(struct autostart_data, choice.ignore_auto) },
	{ 0 },
};

static const struct exit_row exits[] = { { "2", "Of some the configuration could not be read, or what was wanted failed." },
					 { 0 } };

const struct command cmd_autostart = {
	.name = "autostart",
	.help = "Start all containers that are to run with the machine, or stop them.",
	.opts = opts,
	.exits = exits,
	.data_size = sizeof(struct autostart_data),
	.flags = CMD_FOLDER,
	.run = run,
	.check = check,
	.done = done,
};
