/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "life/wait.h"

struct wait_data {
	unsigned states; /* bit n: enum wire_state n */
	bool ready, has_timeout;
	uint64_t timeout;
};

static int add_state(unsigned *states, const char *name, struct err *err)
{
	for (int i = 0; i < WIRE_STATES; i++)
		if (str_eq(name, wire_state_names[i])) {
			*states |= 1U << i;
			return 0;
		}
	return err_set(err, EINVAL,
		       "'%s' is not one of STOPPED STARTING RUNNING STOPPING ABORTING FREEZING FROZEN THAWED, joined by '|'",
		       name);
}

static int set_states(void *data, const char *value, struct err *err)
{
	struct wait_data *d = data;
	autofree char *copy = strdup(value);
	char *rest = copy, *name;
	int r = copy ? 0 : err_nomem(err);

	while (r == 0 && (name = strsep(&rest, "|")))
		r = add_state(&d->states, name, err);
	return r;
}

static int set_timeout(void *data, const char *value, struct err *err)
{
	struct wait_data *d = data;

	d->has_timeout = true;
	return cli_set_duration(value, &d->timeout, err);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct wait_data *d = cli->data;

	if (!d->states && !d->ready)
		return cli_usage(cli, "nothing to wait for: give -s or --ready");
	return life_wait(&cli->store, name, d->states, d->ready, d->has_timeout ? clock_in(d->timeout) : CLOCK_NEVER, NULL,
			 err);
}

static const struct option_row opts[] = {
	{ 's', "state", "STATE[|STATE...]", "Wait until it is in one of these states.", .set = set_states },
	{ 0, "ready", NULL, "Wait until its guest is ready.", .flag = offsetof(struct wait_data, ready) },
	{ 't', "timeout", "S", "Wait this long at most, then exit 1.", .set = set_timeout },
	{ 0 },
};

const struct command cmd_wait = {
	.name = "wait",
	.args = "NAME",
	.help = "Wait until a container is in a state, or ready.",
	.opts = opts,
	.data_size = sizeof(struct wait_data),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST,
	.run = run,
};
