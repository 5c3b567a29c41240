/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "life/look.h"
#include "life/state.h"

struct info_data {
	bool state, pid, ips; /* only these, when any is set */
	bool raw;             /* values without their names, numbers as they are */
};

static int set_state(void *data, const char *value, struct err *err)
{
	struct info_data *d = data;

	(void)value, (void)err;
	d->state = true;
	return 0;
}

static int set_pid(void *data, const char *value, struct err *err)
{
	struct info_data *d = data;

	(void)value, (void)err;
	d->pid = true;
	return 0;
}

static int set_ips(void *data, const char *value, struct err *err)
{
	struct info_data *d = data;

	(void)value, (void)err;
	d->ips = true;
	return 0;
}

static int set_raw(void *data, const char *value, struct err *err)
{
	struct info_data *d = data;

	(void)value, (void)err;
	d->raw = true;
	return 0;
}

static void say(const struct info_data *d, const char *key, const char *value)
{
	if (!d->raw)
		printf("%-15s ", key);
	print_escaped(value);
	putchar('\n');
}

static void say_list(const struct info_data *d, const char *key, const struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		say(d, key, list->v[i]);
}

static void say_number(const struct info_data *d, const char *key, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, n);
	say(d, key, text);
}

static void say_ips(const struct info_data *d, const struct look *look)
{
	say_list(d, "IP:", &look->ipv4);
	say_list(d, "IP:", &look->ipv6);
}

static void say_ready(const struct info_data *d, const struct wire_status *st)
{
	char text[80];

	if (!st->init_pid)
		return;
	if (st->ready)
		snprintf(text, sizeof text, "yes (%s)", st->ready_how);
	else
		snprintf(text, sizeof text, "no");
	say(d, "Ready:", text);
	if (st->status[0])
		say(d, "Status:", st->status);
}

static void say_usage(const struct info_data *d, const struct look *look)
{
	char text[40];

	if (look->has_usage && look->usage.cpu != UINT64_MAX) {
		if (d->raw)
			say_number(d, "CPU use:", look->usage.cpu);
		else
			printf("%-15s %.2f seconds\n", "CPU use:", (double)look->usage.cpu / 1e9);
	}
	if (!look->has_usage || look->usage.memory == UINT64_MAX)
		return;
	if (d->raw)
		say_number(d, "Memory use:", look->usage.memory);
	else
		say(d, "Memory use:", print_bytes_text(look->usage.memory, text));
}

static void say_last(const struct info_data *d, const struct look *look)
{
	char text[LOOK_LAST_SIZE];

	if (look->has_last)
		say(d, "Last run:", look_last_text(&look->last, text));
}

static void say_all(const struct info_data *d, const char *name, const struct look *look)
{
	const struct wire_status *st = &look->status;
	char text[40];

	say(d, "Name:", name);
	say(d, "State:", wire_state_names[st->state]);
	if (st->init_pid)
		say_number(d, "PID:", (uint64_t)st->init_pid);
	say_ips(d, look);
	say_usage(d, look);
	say(d, "UUID:", look->uuid);
	say_ready(d, st);
	if (st->started)
		say(d, "Started:", print_time_text(st->started, text));
	say_list(d, "Forward:", &look->forwards);
	say_last(d, look);
}

static void say_some(const struct info_data *d, const struct look *look)
{
	if (d->state)
		say(d, "State:", wire_state_names[look->status.state]);
	if (d->pid && look->status.init_pid)
		say_number(d, "PID:", (uint64_t)look->status.init_pid);
	if (d->ips)
		say_ips(d, look);
}

/* The state alone: no question to the supervisor is needed. */
static int say_state(struct cli *cli, const char *name, struct err *err)
{
	enum wire_state state;
	int r = life_state(&cli->store, name, &state, err);

	if (r >= 0)
		say(cli->data, "State:", wire_state_names[state]);
	return r;
}

static void free_print(struct print **p)
{
	print_free(*p);
}

static int print_json(const char *name, const struct look *look, struct err *err)
{
	autocall(free_print) struct print *p = look_print(PRINT_JSON, err);

	if (!p || look_row(p, name, look, err) < 0)
		return -err->code;
	return print_end(p, err);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct info_data *d = cli->data;
	const bool some = (d->state || d->pid || d->ips) && !cli->json;
	autocall(look_done) struct look look = { 0 };
	const uint64_t deadline = clock_in(LOOK_PATIENCE);
	struct cgroup host = { 0 };
	int r = 0;

	if (some && !d->pid && !d->ips)
		return say_state(cli, name, err);
	if (!some)
		r = cgroup_host(&host, err);
	if (r >= 0)
		r = look_at(&host, &cli->store, name, life_ask(&cli->store, name, deadline, NULL), deadline,
			    some ? (d->ips ? LOOK_IPS : 0) : LOOK_ALL, &look, err);
	if (r < 0)
		return r;
	look_complain(cli, name, &look);
	if (cli->json)
		r = print_json(name, &look, err);
	else if (some)
		say_some(d, &look);
	else
		say_all(d, name, &look);
	return r < 0 ? r : look.silent ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct option_row opts[] = {
	{ 's', "state", NULL, "Show the state.", set_state },
	{ 'p', "pid", NULL, "Show init's process id, as the host sees it.", set_pid },
	{ 'i', "ips", NULL, "Show the addresses, IPv4 first.", set_ips },
	{ 'H', "no-humanize", NULL, "Show values alone, numbers as they are.", set_raw },
	{ 0, NULL, NULL, NULL, NULL },
};

const struct command cmd_info = {
	.name = "info",
	.args = "NAME",
	.help = "Show what a container is and does.",
	.opts = opts,
	.data_size = sizeof(struct info_data),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_JSON,
	.run = run,
};
