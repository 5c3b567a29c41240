/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/look.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/cleanup.h"

static const struct print_column columns[] = {
	{ "name", "NAME", PRINT_TEXT },
	{ "state", "STATE", PRINT_TEXT },
	{ "ready", "READY", PRINT_BOOL },
	{ "pid", "PID", PRINT_NUMBER },
	{ "memory", "MEMORY", PRINT_BYTES },
	{ "ipv4", "IPV4", PRINT_LIST },
	{ "ipv6", "IPV6", PRINT_LIST },
	{ "forwards", "FORWARDS", PRINT_LIST },
	{ "uuid", NULL, PRINT_TEXT },
	{ "ready_how", NULL, PRINT_TEXT },
	{ "status", NULL, PRINT_TEXT },
	{ "started", NULL, PRINT_TIME },
	{ "memory_limit", NULL, PRINT_BYTES },
	{ "cpu_ns", NULL, PRINT_NUMBER },
	{ "pids", NULL, PRINT_NUMBER },
	{ "last_ended", NULL, PRINT_TIME },
	{ "last_exit_status", NULL, PRINT_NUMBER },
	{ "last_signal", NULL, PRINT_NUMBER },
	{ "last_oom_kills", NULL, PRINT_NUMBER },
	{ "last_failed", NULL, PRINT_TEXT },
};

struct print *look_print(enum print_format format, struct err *err)
{
	return print_new(columns, ARRAY_SIZE(columns), format, err);
}

void look_complain(const struct cli *cli, const char *name, const struct look *look)
{
	struct err err = { 0 };

	if (!look->silent)
		return;
	err_set(&err, ETIMEDOUT, "its supervisor does not answer: what it alone knows is missing");
	cli_complain(cli, name, &err);
}

static struct print_cell text(const char *value)
{
	return print_text(*value ? value : NULL);
}

/* A number that is there only when `seen`. */
static struct print_cell number(bool seen, uint64_t n)
{
	return print_number(seen ? n : UINT64_MAX);
}

int look_row(struct print *p, const char *name, const struct look *look, struct err *err)
{
	const struct wire_status *st = &look->status;
	const struct cgroup_usage *use = &look->usage;
	const struct last *last = &look->last;
	const bool runs = st->init_pid, used = look->has_usage, ran = look->has_last;
	const bool seen = ran && last->status != LAST_NO_STATUS;
	const int status = seen ? last->status : 0;
	const struct print_cell cells[] = {
		text(name),
		text(wire_state_names[st->state]),
		number(runs, st->ready),
		number(runs, (uint64_t)st->init_pid),
		number(used, use->memory),
		print_list(&look->ipv4),
		print_list(&look->ipv6),
		print_list(&look->forwards),
		text(look->uuid),
		text(st->ready_how),
		text(st->status),
		number(st->started, st->started),
		number(used, use->memory_limit),
		number(used, use->cpu),
		number(used, use->pids),
		number(ran, last->ended),
		number(seen && WIFEXITED(status), (uint64_t)WEXITSTATUS(status)),
		number(seen && WIFSIGNALED(status), (uint64_t)WTERMSIG(status)),
		number(ran, last->oom_kills),
		text(ran ? last->failed : ""),
	};

	return print_row(p, cells, err);
}

const char *look_last_text(const struct last *last, char buf[static LOOK_LAST_SIZE])
{
	char when[40], how[48], oom[64] = "";

	if (last->oom_kills)
		snprintf(oom, sizeof oom, ", %" PRIu64 " killed for want of memory", last->oom_kills);
	snprintf(buf, LOOK_LAST_SIZE, "%s, %s%s%s", print_time_text(last->ended, when), last->failed[0] ? "failed: " : "",
		 last->failed[0] ? last->failed : last_ending(last, how), oom);
	return buf;
}
