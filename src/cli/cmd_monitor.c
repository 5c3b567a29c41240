/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "life/monitor.h"
#include "store/last.h"

struct monitor_data {
	const char *regex;
	bool initial;
	regex_t compiled;
	struct print *json; /* NULL: lines for people */
};

static int set_regex(void *data, const char *value, struct err *err)
{
	struct monitor_data *d = data;

	(void)err;
	d->regex = value;
	return 0;
}

static bool wanted(const char *name, void *data)
{
	const struct monitor_data *d = data;
	regmatch_t whole;

	if (!d->regex)
		return true;
	return regexec(&d->compiled, name, 1, &whole, 0) == 0 && whole.rm_so == 0 && !name[whole.rm_eo];
}

static void say_exit(const char *name, int status)
{
	const struct last last = { .status = status };
	char how[48];

	if (WIFEXITED(status))
		printf("'%s' exited with status [%d]\n", name, WEXITSTATUS(status));
	else
		printf("'%s' ended [%s]\n", name, last_ending(&last, how));
}

static int say(const struct life_event *event)
{
	const struct wire_status *st = event->status;

	switch (event->kind) {
	case LIFE_EVENT_STATE:
		printf("'%s' changed state to [%s]\n", event->name, wire_state_names[st->state]);
		break;
	case LIFE_EVENT_READY:
		printf("'%s' is ready [%s]\n", event->name, st->ready_how);
		break;
	case LIFE_EVENT_EXIT:
		say_exit(event->name, st->exit_status);
		break;
	case LIFE_EVENT_OOM:
		printf("'%s' ran out of memory, processes killed [%" PRIu64 "]\n", event->name, st->oom_kills);
		break;
	case LIFE_EVENT_UNSERVED:
		printf("'%s' lost its disk [its server was killed]\n", event->name);
		break;
	case LIFE_EVENT_FAILING:
		printf("'%s' may lose what it writes [its disk is full or broken]\n", event->name);
	}
	return fflush(stdout) == 0 ? 0 : -errno;
}

static const struct print_column columns[] = {
	{ "time", NULL, PRINT_TIME },          { "name", NULL, PRINT_TEXT },        { "event", NULL, PRINT_TEXT },
	{ "state", NULL, PRINT_TEXT },         { "ready_how", NULL, PRINT_TEXT },   { "exit_status", NULL, PRINT_NUMBER },
	{ "exit_signal", NULL, PRINT_NUMBER }, { "oom_kills", NULL, PRINT_NUMBER },
};

static int write_json(struct print *p, const struct life_event *event)
{
	static const char *const kinds[] = {
		[LIFE_EVENT_STATE] = "state", [LIFE_EVENT_READY] = "ready",       [LIFE_EVENT_EXIT] = "exit",
		[LIFE_EVENT_OOM] = "oom",     [LIFE_EVENT_UNSERVED] = "unserved", [LIFE_EVENT_FAILING] = "failing",
	};
	const struct wire_status *st = event->status;
	const bool exited = event->kind == LIFE_EVENT_EXIT, signaled = exited && WIFSIGNALED(st->exit_status);
	const struct print_cell cells[] = {
		print_number(event->time),
		print_text(event->name),
		print_text(kinds[event->kind]),
		print_text(event->kind == LIFE_EVENT_STATE ? wire_state_names[st->state] : NULL),
		print_text(event->kind == LIFE_EVENT_READY ? st->ready_how : NULL),
		print_number(exited && !signaled ? (uint64_t)WEXITSTATUS(st->exit_status) : UINT64_MAX),
		print_number(signaled ? (uint64_t)WTERMSIG(st->exit_status) : UINT64_MAX),
		print_number(event->kind == LIFE_EVENT_OOM ? st->oom_kills : UINT64_MAX),
	};

	return print_row(p, cells, NULL);
}

static int show(const struct life_event *event, void *data)
{
	const struct monitor_data *d = data;

	return d->json ? write_json(d->json, event) : say(event);
}

static int compile(struct monitor_data *d, struct err *err)
{
	char text[128];
	int r = d->regex ? regcomp(&d->compiled, d->regex, REG_EXTENDED) : 0;

	if (r == 0)
		return 0;
	regerror(r, &d->compiled, text, sizeof text);
	return err_set(err, EINVAL, "'%s' is no extended regular expression: %s", d->regex, text);
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	struct monitor_data *d = cli->data;
	const struct life_monitor how = { .initial = d->initial, .wanted = wanted, .event = show, .data = d };
	int r;

	(void)name;
	if (cli->rest.n > 1 || (cli->rest.n && d->regex))
		return cli_usage(cli, "one REGEX at most");
	if (cli->rest.n)
		d->regex = cli->rest.v[0];
	r = compile(d, err);
	if (r == 0 && cli->json)
		d->json = print_new(columns, ARRAY_SIZE(columns), PRINT_JSON_LINES, err);
	if (r == 0 && cli->json && !d->json)
		return -err->code;
	if (r == 0)
		r = life_monitor(&cli->store, &how, err);
	print_free(d->json);
	if (d->regex)
		regfree(&d->compiled);
	if (r < 0 && !err->code)
		return err_sys(err, -r, "write to standard output");
	return r;
}

static const struct option_row opts[] = {
	{ 'n', "name", "REGEX", "The same as the word REGEX.", .set = set_regex },
	{ 'i', "initial", NULL, "Begin with the state that each container is in.",
	  .flag = offsetof(struct monitor_data, initial) },
	{ 0 },
};

const struct command cmd_monitor = {
	.name = "monitor",
	.args = "[REGEX]",
	.help = "Show what happens to containers, as it happens.",
	.opts = opts,
	.data_size = sizeof(struct monitor_data),
	.flags = CMD_WORDS | CMD_JSON,
	.run = run,
};
