/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/look.h"
#include "lib/program.h"
#include "life/look.h"
#include "life/state.h"

struct info_data {
	bool state, pid, ips; /* only these, when any is set */
	bool statistics;      /* what it uses alone */
	struct strv keys;     /* values of these alone */
	bool raw;             /* values without their names, numbers as they are */
};

static int add_key(void *data, const char *value, struct err *err)
{
	struct info_data *d = data;

	if (!strchr(value, '.'))
		return err_set(err, EINVAL, "'%s' is not SECTION.KEY", value);
	return strv_add(&d->keys, value) < 0 ? err_nomem(err) : 0;
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

static void say_span(const struct info_data *d, const char *key, uint64_t ns)
{
	char text[24];

	if (ns == UINT64_MAX)
		return;
	if (d->raw)
		say_number(d, key, ns);
	else
		say(d, key, print_span_text(ns, text));
}

static void say_bytes(const struct info_data *d, const char *key, uint64_t bytes)
{
	char text[24];

	if (bytes == UINT64_MAX)
		return;
	if (d->raw)
		say_number(d, key, bytes);
	else
		say(d, key, print_bytes_text(bytes, text));
}

static void say_pressure(const struct info_data *d, const char *key, const struct cgroup_pressure *p)
{
	char text[4][24], line[128];

	if (p->some_avg10 == UINT64_MAX || (!d->statistics && !p->some_avg10 && !p->some_avg60))
		return;
	print_percent_text(p->some_avg10, text[0]);
	print_percent_text(p->some_avg60, text[1]);
	const char *full[2] = { print_percent_text(p->full_avg10 == UINT64_MAX ? 0 : p->full_avg10, text[2]),
				print_percent_text(p->full_avg60 == UINT64_MAX ? 0 : p->full_avg60, text[3]) };
	if (d->raw)
		snprintf(line, sizeof line, "%s %s %s %s", text[0], text[1], full[0], full[1]);
	else
		snprintf(line, sizeof line, "%s %% in 10 s, %s %% in 60 s; all of it %s %%, %s %%", text[0], text[1],
			 full[0], full[1]);
	say(d, key, line);
}

static void say_usage(const struct info_data *d, const struct look *look)
{
	const struct cgroup_usage *use = &look->usage;

	if (look->has_usage && use->cpu != UINT64_MAX && !d->raw)
		printf("%-15s %.2f seconds\n", "CPU use:", (double)use->cpu / 1e9);
	else if (look->has_usage)
		say_span(d, "CPU use:", use->cpu);
	if (look->has_usage) {
		say_bytes(d, "Memory use:", use->memory);
		say_bytes(d, "Memory limit:", use->memory_limit);
		if (use->pids != UINT64_MAX)
			say_number(d, "Processes:", use->pids);
		if (use->oom_kills != UINT64_MAX && use->oom_kills > 0)
			say_number(d, "OOM kills:", use->oom_kills);
		say_bytes(d, "IO read:", use->io_read);
		say_bytes(d, "IO written:", use->io_written);
	}
	if (look->has_pressures) {
		say_pressure(d, "CPU pressure:", &look->pressures.cpu);
		say_pressure(d, "Mem pressure:", &look->pressures.memory);
		say_pressure(d, "IO pressure:", &look->pressures.io);
	}
	say_bytes(d, "Net received:", look->traffic.received);
	say_bytes(d, "Net sent:", look->traffic.sent);
	if (look->traffic.packets_received != UINT64_MAX) {
		say_number(d, "Packets in:", look->traffic.packets_received);
		say_number(d, "Packets out:", look->traffic.packets_sent);
	}
	say_bytes(d, "Disk use:", look->disk);
	say_bytes(d, "Disk limit:", look->disk_limit);
	say_span(d, "Uptime:", look->uptime);
}

/* "qcow2, /srv/disk.qcow2, partition 2 (ext4, 10.00 GiB)" */
static void say_root(const struct info_data *d, const struct look *look)
{
	autocall(str_done) struct str text = { 0 };
	char size[24];

	if (!look->backend)
		return;
	str_addf(&text, "%s, %s", look->backend, look->root);
	if (look->partition != UINT64_MAX && look->partition)
		str_addf(&text, ", partition %" PRIu64, look->partition);
	if (look->filesystem)
		str_addf(&text, " (%s, %s)", look->filesystem, print_bytes_text(look->filesystem_size, size));
	say(d, "Root:", str_text(&text));
	say_list(d, "Image:", &look->images);
	say_list(d, "Volume:", &look->volumes);
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
	if (st->unserved)
		say(d, "Storage:", LOOK_UNSERVED);
	else if (st->failing)
		say(d, "Storage:", LOOK_FAILING);
	if (st->init_pid)
		say_number(d, "PID:", (uint64_t)st->init_pid);
	say_ips(d, look);
	say_usage(d, look);
	say_root(d, look);
	say(d, "UUID:", look->uuid);
	say_ready(d, st);
	if (st->started)
		say(d, "Started:", print_time_text(st->started, text));
	say_list(d, "Forward:", &look->forwards);
	if (look->waits && st->state == WIRE_STOPPED)
		say(d, "Waits:", "for a connection, which starts it");
	if (look->label)
		say(d, "AppArmor:", look->label);
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
	if (d->statistics)
		say_usage(d, look);
}

/* What no file says is the schema's to know, which this program does not have: the default, or that there is no such key. */
static int find_default(const struct cli *cli, const char *name, const char *key, struct strv *values, struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	autocall(str_done) struct str said = { 0 };
	char *save = NULL;
	int r = program_argv(&argv, &cli->store, "config", name) | strv_add(&argv, "--running") | strv_add(&argv, "get") |
		strv_add(&argv, "--") | strv_add(&argv, key);

	r = r < 0 ? err_nomem(err) : program_run(&argv, &said, err);
	for (char *line = r < 0 || !said.len ? NULL : strtok_r(said.text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		if (strv_add(values, line) < 0)
			return err_nomem(err);
	return r;
}

/* Values as they are in force, or will be at the next start; without any there is still its line. */
static int say_key(const struct cli *cli, const char *name, const char *key, struct err *err)
{
	const struct info_data *d = cli->data;
	autocall(strv_done) struct strv values = { 0 };
	int r = look_key(&cli->store, name, key, &values, err);

	if (r >= 0 && values.n == 0)
		r = find_default(cli, name, key, &values, err);
	if (r >= 0 && values.n == 0 && strv_add(&values, "") < 0)
		return err_nomem(err);
	for (size_t i = 0; i < values.n && r >= 0; i++) {
		if (!d->raw)
			printf("%s = ", key);
		print_escaped(values.v[i]);
		putchar('\n');
	}
	return r;
}

static int say_keys(const struct cli *cli, const char *name, struct err *err)
{
	const struct info_data *d = cli->data;
	int r = EXIT_SUCCESS;

	for (size_t i = 0; i < d->keys.n; i++)
		if (say_key(cli, name, d->keys.v[i], err) < 0) {
			cli_complain(cli, name, err);
			err_clear(err);
			r = EXIT_FAILURE;
		}
	return r;
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

static int print_json(const struct look_columns *columns, const char *name, const struct look *look, struct err *err)
{
	autocall(free_print) struct print *p = look_print(columns, PRINT_JSON, err);

	if (!p || look_row(p, columns, name, look, err) < 0)
		return -err->code;
	return print_end(p, err);
}

/* What must be found for what is shown. */
static unsigned needs(const struct cli *cli, bool some)
{
	const struct info_data *d = cli->data;
	unsigned what = some ? 0 : LOOK_ALL;

	if (d->ips)
		what |= LOOK_IPS;
	if (d->statistics)
		what |= LOOK_USAGE | LOOK_PRESSURES | LOOK_TRAFFIC | LOOK_DISK | LOOK_CONFIG;
	return what;
}

static int show(struct cli *cli, const char *name, struct err *err)
{
	const struct info_data *d = cli->data;
	const bool some = (d->state || d->pid || d->ips || d->statistics) && !cli->json;
	const unsigned what = needs(cli, some);
	autocall(look_done) struct look look = { 0 };
	const uint64_t deadline = clock_in(LOOK_PATIENCE);
	struct look_columns columns;
	struct cgroup host = { 0 };
	const bool counts = what & (LOOK_USAGE | LOOK_PRESSURES);
	int r = counts ? cgroup_host(&host, err) : 0;

	if (r >= 0)
		r = look_at(counts ? &host : NULL, &cli->store, name, life_ask(&cli->store, name, deadline, NULL), deadline,
			    what, &look, err);
	if (r < 0)
		return r;
	look_complain(cli, name, &look);
	if (some || cli->json)
		look_complain_storage(cli, name, &look);
	look_choose_info(&columns);
	if (d->statistics)
		look_add_column(&columns, "disk");
	if (cli->json)
		r = print_json(&columns, name, &look, err);
	else if (some)
		say_some(d, &look);
	else
		say_all(d, name, &look);
	return r < 0 ? r : look.silent ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct info_data *d = cli->data;

	if (d->keys.n && !cli->json)
		return say_keys(cli, name, err);
	if (d->state && !d->pid && !d->ips && !d->statistics && !cli->json)
		return say_state(cli, name, err);
	return show(cli, name, err);
}

static void done(void *data)
{
	struct info_data *d = data;

	strv_done(&d->keys);
}

static const struct option_row opts[] = {
	{ 's', "state", NULL, "Show the state.", .flag = offsetof(struct info_data, state) },
	{ 'p', "pid", NULL, "Show init's process id, as the host sees it.", .flag = offsetof(struct info_data, pid) },
	{ 'i', "ips", NULL, "Show the addresses, IPv4 first.", .flag = offsetof(struct info_data, ips) },
	{ 'S', "statistics", NULL, "Show what it uses: processor, memory, IO, network, disk.",
	  .flag = offsetof(struct info_data, statistics) },
	{ 'c', "config", "KEY", "Show this key of its configuration; may be repeated.", .set = add_key },
	{ 'H', "no-humanize", NULL, "Show values alone, numbers as they are.", .flag = offsetof(struct info_data, raw) },
	{ 0 },
};

const struct command cmd_info = {
	.name = "info",
	.args = "NAME",
	.help = "Show what a container is and does.",
	.opts = opts,
	.data_size = sizeof(struct info_data),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_JSON,
	.run = run,
	.done = done,
};
