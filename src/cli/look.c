/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/look.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "cli/complain.h"

/* What a row is made of. */
struct seen {
	const char *name;
	const struct look *look;
	const struct look_column *column;
	char last[LOOK_LAST_SIZE];
};

/* Unless columns are asked for by name. */
enum shown_in { TABLE = 1 << 0, JSON = 1 << 1, INFO = 1 << 2 /* the JSON of one container alone */ };

struct look_column {
	struct print_column print;
	unsigned in, what;
	struct print_cell (*cell)(struct seen *s);
	size_t at; /* for usage_cell, pressure_cell and traffic_cell: where in their struct */
};

static struct print_cell text(const char *value)
{
	return print_text(*value ? value : NULL);
}

/* A number that is there only when `seen`. */
static struct print_cell number(bool seen, uint64_t n)
{
	return print_number(seen ? n : UINT64_MAX);
}

static struct print_cell name_cell(struct seen *s)
{
	return text(s->name);
}

static struct print_cell state_cell(struct seen *s)
{
	return text(wire_state_names[s->look->status.state]);
}

static struct print_cell ready_cell(struct seen *s)
{
	return number(s->look->status.init_pid, s->look->status.ready);
}

static struct print_cell pid_cell(struct seen *s)
{
	return number(s->look->status.init_pid, (uint64_t)s->look->status.init_pid);
}

static uint64_t number_at(const void *start, size_t at)
{
	return *(const uint64_t *)(const void *)((const char *)start + at);
}

static struct print_cell usage_cell(struct seen *s)
{
	return number(s->look->has_usage, number_at(&s->look->usage, s->column->at));
}

static struct print_cell pressure_cell(struct seen *s)
{
	return number(s->look->has_pressures, number_at(&s->look->pressures, s->column->at));
}

static struct print_cell traffic_cell(struct seen *s)
{
	return print_number(number_at(&s->look->traffic, s->column->at));
}

static struct print_cell disk_cell(struct seen *s)
{
	return print_number(s->look->disk);
}

static struct print_cell disk_limit_cell(struct seen *s)
{
	return print_number(s->look->disk_limit);
}

static struct print_cell backend_cell(struct seen *s)
{
	return print_text(s->look->backend);
}

static struct print_cell rootfs_cell(struct seen *s)
{
	return print_text(s->look->root);
}

static struct print_cell images_cell(struct seen *s)
{
	return print_list(&s->look->images);
}

static struct print_cell partition_cell(struct seen *s)
{
	return print_number(s->look->partition);
}

static struct print_cell filesystem_cell(struct seen *s)
{
	return print_text(s->look->filesystem);
}

static struct print_cell filesystem_size_cell(struct seen *s)
{
	return print_number(s->look->filesystem_size);
}

static struct print_cell volumes_cell(struct seen *s)
{
	return print_list(&s->look->volumes);
}

static struct print_cell ipv4_cell(struct seen *s)
{
	return print_list(&s->look->ipv4);
}

static struct print_cell ipv6_cell(struct seen *s)
{
	return print_list(&s->look->ipv6);
}

static struct print_cell forwards_cell(struct seen *s)
{
	return print_list(&s->look->forwards);
}

/* For a connection that starts it. */
static struct print_cell waits_cell(struct seen *s)
{
	return number(true, s->look->waits && s->look->status.state == WIRE_STOPPED);
}

static struct print_cell uuid_cell(struct seen *s)
{
	return text(s->look->uuid);
}

static struct print_cell ready_how_cell(struct seen *s)
{
	return text(s->look->status.ready_how);
}

static struct print_cell status_cell(struct seen *s)
{
	return text(s->look->status.status);
}

static struct print_cell started_cell(struct seen *s)
{
	return number(s->look->status.started, s->look->status.started);
}

static struct print_cell uptime_cell(struct seen *s)
{
	return print_number(s->look->uptime);
}

/* Since when its disk has no server. */
static struct print_cell unserved_cell(struct seen *s)
{
	return number(s->look->status.unserved, s->look->status.unserved);
}

static struct print_cell failing_cell(struct seen *s)
{
	return number(s->look->status.failing, s->look->status.failing);
}

static struct print_cell label_cell(struct seen *s)
{
	return print_text(s->look->label);
}

static struct print_cell last_cell(struct seen *s)
{
	return text(s->look->has_last ? look_last_text(&s->look->last, s->last) : "");
}

static struct print_cell last_ended_cell(struct seen *s)
{
	return number(s->look->has_last && s->look->last.ended, s->look->last.ended);
}

static struct print_cell exit_status_cell(struct seen *s)
{
	const struct last *last = &s->look->last;
	const bool known = s->look->has_last && last->status != LAST_NO_STATUS && WIFEXITED(last->status);

	return number(known, known ? (uint64_t)WEXITSTATUS(last->status) : 0);
}

static struct print_cell signal_cell(struct seen *s)
{
	const struct last *last = &s->look->last;
	const bool known = s->look->has_last && last->status != LAST_NO_STATUS && WIFSIGNALED(last->status);

	return number(known, known ? (uint64_t)WTERMSIG(last->status) : 0);
}

static struct print_cell oom_kills_cell(struct seen *s)
{
	return number(s->look->has_last, s->look->last.oom_kills);
}

static struct print_cell failed_cell(struct seen *s)
{
	return text(s->look->has_last ? s->look->last.failed : "");
}

static struct print_cell lost_cell(struct seen *s)
{
	return text(s->look->has_last ? s->look->last.lost : "");
}

#define USED(field)   offsetof(struct cgroup_usage, field)
#define WAITED(field) offsetof(struct cgroup_pressures, field)
#define PASSED(field) offsetof(struct traffic, field)

static const struct look_column columns[] = {
	{ { "name", "NAME", PRINT_TEXT }, TABLE | JSON, 0, name_cell, 0 },
	{ { "state", "STATE", PRINT_TEXT }, TABLE | JSON, 0, state_cell, 0 },
	{ { "ready", "READY", PRINT_BOOL }, TABLE | JSON, 0, ready_cell, 0 },
	{ { "pid", "PID", PRINT_NUMBER }, TABLE | JSON, 0, pid_cell, 0 },
	{ { "memory", "MEMORY", PRINT_BYTES }, TABLE | JSON, LOOK_USAGE, usage_cell, USED(memory) },
	{ { "ipv4", "IPV4", PRINT_LIST }, TABLE | JSON, LOOK_IPS, ipv4_cell, 0 },
	{ { "ipv6", "IPV6", PRINT_LIST }, TABLE | JSON, LOOK_IPS, ipv6_cell, 0 },
	{ { "forwards", "FORWARDS", PRINT_LIST }, TABLE | JSON, LOOK_CONFIG, forwards_cell, 0 },
	{ { "waits", "WAITS", PRINT_BOOL }, JSON, LOOK_CONFIG, waits_cell, 0 },
	{ { "uuid", "UUID", PRINT_TEXT }, JSON, LOOK_CONFIG, uuid_cell, 0 },
	{ { "ready_how", "READY_HOW", PRINT_TEXT }, JSON, 0, ready_how_cell, 0 },
	{ { "status", "STATUS", PRINT_TEXT }, JSON, 0, status_cell, 0 },
	{ { "started", "STARTED", PRINT_TIME }, JSON, 0, started_cell, 0 },
	{ { "uptime_ns", "UPTIME", PRINT_SPAN }, JSON, 0, uptime_cell, 0 },
	{ { "unserved", "UNSERVED", PRINT_TIME }, JSON, 0, unserved_cell, 0 },
	{ { "failing", "FAILING", PRINT_TIME }, JSON, 0, failing_cell, 0 },
	{ { "memory_limit", "LIMIT", PRINT_BYTES }, JSON, LOOK_USAGE, usage_cell, USED(memory_limit) },
	{ { "cpu_ns", "CPU", PRINT_SPAN }, JSON, LOOK_USAGE, usage_cell, USED(cpu) },
	{ { "pids", "PIDS", PRINT_NUMBER }, JSON, LOOK_USAGE, usage_cell, USED(pids) },
	{ { "oom_kills", "OOM_KILLS", PRINT_NUMBER }, JSON, LOOK_USAGE, usage_cell, USED(oom_kills) },
	{ { "memory_high_events", "HIGH_EVENTS", PRINT_NUMBER }, INFO, LOOK_USAGE, usage_cell, USED(memory_high) },
	{ { "memory_max_events", "MAX_EVENTS", PRINT_NUMBER }, INFO, LOOK_USAGE, usage_cell, USED(memory_max) },
	{ { "io_read", "READ", PRINT_BYTES }, JSON, LOOK_USAGE, usage_cell, USED(io_read) },
	{ { "io_written", "WRITTEN", PRINT_BYTES }, JSON, LOOK_USAGE, usage_cell, USED(io_written) },
	{ { "cpu_pressure_some_avg10", "CPU_SOME10", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(cpu.some_avg10) },
	{ { "cpu_pressure_some_avg60", "CPU_SOME60", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(cpu.some_avg60) },
	{ { "cpu_pressure_full_avg10", "CPU_FULL10", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(cpu.full_avg10) },
	{ { "cpu_pressure_full_avg60", "CPU_FULL60", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(cpu.full_avg60) },
	{ { "memory_pressure_some_avg10", "MEMORY_SOME10", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(memory.some_avg10) },
	{ { "memory_pressure_some_avg60", "MEMORY_SOME60", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(memory.some_avg60) },
	{ { "memory_pressure_full_avg10", "MEMORY_FULL10", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(memory.full_avg10) },
	{ { "memory_pressure_full_avg60", "MEMORY_FULL60", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(memory.full_avg60) },
	{ { "io_pressure_some_avg10", "IO_SOME10", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(io.some_avg10) },
	{ { "io_pressure_some_avg60", "IO_SOME60", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(io.some_avg60) },
	{ { "io_pressure_full_avg10", "IO_FULL10", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(io.full_avg10) },
	{ { "io_pressure_full_avg60", "IO_FULL60", PRINT_PERCENT },
	  INFO,
	  LOOK_PRESSURES,
	  pressure_cell,
	  WAITED(io.full_avg60) },
	{ { "net_received", "RECEIVED", PRINT_BYTES }, JSON, LOOK_TRAFFIC, traffic_cell, PASSED(received) },
	{ { "net_sent", "SENT", PRINT_BYTES }, JSON, LOOK_TRAFFIC, traffic_cell, PASSED(sent) },
	{ { "net_packets_received", "PACKETS_RECEIVED", PRINT_NUMBER },
	  JSON,
	  LOOK_TRAFFIC,
	  traffic_cell,
	  PASSED(packets_received) },
	{ { "net_packets_sent", "PACKETS_SENT", PRINT_NUMBER }, JSON, LOOK_TRAFFIC, traffic_cell, PASSED(packets_sent) },
	{ { "apparmor", "APPARMOR", PRINT_TEXT }, JSON, LOOK_LABEL, label_cell, 0 },
	{ { "disk", "DISK", PRINT_BYTES }, 0, LOOK_DISK, disk_cell, 0 },
	{ { "disk_limit", "DISK_LIMIT", PRINT_BYTES }, JSON, LOOK_CONFIG, disk_limit_cell, 0 },
	{ { "backend", "BACKEND", PRINT_TEXT }, JSON, LOOK_CONFIG, backend_cell, 0 },
	{ { "rootfs", "ROOTFS", PRINT_TEXT }, JSON, LOOK_CONFIG, rootfs_cell, 0 },
	{ { "images", "IMAGES", PRINT_LIST }, INFO, LOOK_CONFIG | LOOK_STANDS, images_cell, 0 },
	{ { "partition", "PARTITION", PRINT_NUMBER }, INFO, LOOK_CONFIG | LOOK_STANDS, partition_cell, 0 },
	{ { "filesystem", "FILESYSTEM", PRINT_TEXT }, INFO, LOOK_CONFIG | LOOK_STANDS, filesystem_cell, 0 },
	{ { "filesystem_size", "FILESYSTEM_SIZE", PRINT_BYTES }, INFO, LOOK_CONFIG | LOOK_STANDS, filesystem_size_cell, 0 },
	{ { "volumes", "VOLUMES", PRINT_LIST }, INFO, LOOK_CONFIG | LOOK_STANDS, volumes_cell, 0 },
	{ { "last", "LAST", PRINT_TEXT }, 0, LOOK_LAST, last_cell, 0 },
	{ { "last_ended", "LAST_ENDED", PRINT_TIME }, JSON, LOOK_LAST, last_ended_cell, 0 },
	{ { "last_exit_status", "LAST_EXIT_STATUS", PRINT_NUMBER }, JSON, LOOK_LAST, exit_status_cell, 0 },
	{ { "last_signal", "LAST_SIGNAL", PRINT_NUMBER }, JSON, LOOK_LAST, signal_cell, 0 },
	{ { "last_oom_kills", "LAST_OOM_KILLS", PRINT_NUMBER }, JSON, LOOK_LAST, oom_kills_cell, 0 },
	{ { "last_failed", "LAST_FAILED", PRINT_TEXT }, JSON, LOOK_LAST, failed_cell, 0 },
	{ { "last_lost", "LAST_LOST", PRINT_TEXT }, JSON, LOOK_LAST, lost_cell, 0 },
};

void look_describe(void)
{
	printf("words\tCOLUMNS\t");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		printf("%s%s", i ? " " : "", columns[i].print.title);
	putchar('\n');
}

static void add(struct look_columns *c, const struct look_column *column)
{
	if (c->n == LOOK_COLUMNS)
		return;
	c->chosen[c->n] = column;
	c->shown[c->n++] = column->print;
	c->what |= column->what;
}

static void choose_usual(struct look_columns *c, unsigned in)
{
	*c = (struct look_columns){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (columns[i].in & in)
			add(c, &columns[i]);
}

void look_choose_table(struct look_columns *c)
{
	choose_usual(c, TABLE);
}

void look_choose_json(struct look_columns *c)
{
	choose_usual(c, JSON);
}

void look_choose_info(struct look_columns *c)
{
	choose_usual(c, JSON | INFO);
}

static int add_named(struct look_columns *c, const char *name, struct err *err)
{
	autocall(str_done) struct str all = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (strcasecmp(name, columns[i].print.title) == 0 || strcasecmp(name, columns[i].print.key) == 0) {
			add(c, &columns[i]);
			return 0;
		}
		str_addf(&all, " %s", columns[i].print.title);
	}
	return err_set(err, EINVAL, "'%s' is not one of%s", name, str_text(&all));
}

int look_choose(struct look_columns *c, const char *list, struct err *err)
{
	autofree char *copy = strdup(list);
	char *rest = copy, *name;
	int r = copy ? 0 : err_nomem(err);

	*c = (struct look_columns){ 0 };
	while (r == 0 && (name = strsep(&rest, ",")))
		r = add_named(c, name, err);
	return r;
}

void look_add_column(struct look_columns *c, const char *key)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->shown[i].key, key))
			return;
	add_named(c, key, NULL);
}

struct print *look_print(const struct look_columns *c, enum print_format format, struct err *err)
{
	return print_new(c->shown, c->n, format, err);
}

int look_row(struct print *p, const struct look_columns *c, const char *name, const struct look *look, struct err *err)
{
	struct seen s = { .name = name, .look = look };
	struct print_cell cells[LOOK_COLUMNS];

	for (size_t i = 0; i < c->n; i++) {
		s.column = c->chosen[i];
		cells[i] = s.column->cell(&s);
	}
	return print_row(p, cells, err);
}

void look_complain(const struct cli *cli, const char *name, const struct look *look)
{
	struct err err = { 0 };

	if (!look->silent)
		return;
	err_set(&err, ETIMEDOUT, "its supervisor does not answer: what it alone knows is missing");
	cli_complain(cli, name, &err);
}

void look_complain_storage(const struct cli *cli, const char *name, const struct look *look)
{
	struct err err = { 0 };

	if (!look->status.unserved && !look->status.failing)
		return;
	err_set(&err, EIO, "storage: %s", look->status.unserved ? LOOK_UNSERVED : LOOK_FAILING);
	complain(cli->command, name, &err); /* its own log has it */
}

const char *look_last_text(const struct last *last, char buf[static LOOK_LAST_SIZE])
{
	char when[40], how[48], oom[64] = "";

	if (last->oom_kills)
		snprintf(oom, sizeof oom, ", %" PRIu64 " killed for want of memory", last->oom_kills);
	snprintf(buf, LOOK_LAST_SIZE, "%s%s%s%s%s%s%s", last->ended ? print_time_text(last->ended, when) : "",
		 last->ended ? ", " : "", last->failed[0] ? "failed: " : "",
		 last->failed[0] ? last->failed : last_ending(last, how), oom, last->lost[0] ? "; storage: " : "",
		 last->lost);
	return buf;
}
