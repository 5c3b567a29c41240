/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "life/stop.h"

#define EXIT_NOT_RUNNING 2
#define EXIT_LOST        3
#define PATIENCE         (60 * CLOCK_SECOND)

struct stop_data {
	struct life_stop stop;
	bool has_timeout;
};

static int set_timeout(void *data, const char *value, struct err *err)
{
	struct stop_data *d = data;

	d->has_timeout = true;
	return cli_set_duration(value, &d->stop.timeout, err);
}

static int set_kill(void *data, const char *value, struct err *err)
{
	struct stop_data *d = data;

	(void)value, (void)err;
	d->stop.how = WIRE_KILL;
	return 0;
}

static int set_reboot(void *data, const char *value, struct err *err)
{
	struct stop_data *d = data;

	(void)value, (void)err;
	d->stop.how = WIRE_REBOOT;
	return 0;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	struct stop_data *d = cli->data;
	int r;

	if (!d->has_timeout)
		d->stop.timeout = PATIENCE;
	r = life_stop(&cli->store, name, &d->stop, err);
	if (r == 0 && !d->stop.no_wait)
		return cli_complain_loss(cli, &cli->store, name) ? EXIT_LOST : 0;
	if (r != -ESRCH)
		return r;
	cli_complain(cli, name, err);
	return EXIT_NOT_RUNNING;
}

static const struct option_row opts[] = {
	{ 't', "timeout", "S", "Give init this long before everything is killed (60).", .set = set_timeout },
	{ 'k', "kill", NULL, "Kill everything at once.", .set = set_kill },
	{ 'r', "reboot", NULL, "Reboot it.", .set = set_reboot },
	{ 'W', "nowait", NULL, "Return when it is under way, not when it is done.",
	  .flag = offsetof(struct stop_data, stop.no_wait) },
	{ 0, "nokill", NULL, "Kill nothing when the time is up: give up and exit 1.",
	  .flag = offsetof(struct stop_data, stop.no_kill) },
	{ 0 },
};

static const struct exit_row exits[] = { { "2", "It was not running." },
					 { "3", "It has stopped, but what it had written last may be lost, as is said." },
					 { 0 } };

const struct command cmd_stop = {
	.name = "stop",
	.args = "NAME...",
	.help = "Stop a container, or reboot it.",
	.opts = opts,
	.exits = exits,
	.data_size = sizeof(struct stop_data),
	.flags = CMD_EACH_NAME | CMD_MUST_EXIST | CMD_PARALLEL | CMD_RUNNING | CMD_FROZEN,
	.run = run,
};
