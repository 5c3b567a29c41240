/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/cli.h"
#include "life/state.h"
#include "tty/tty.h"

#define ANSWER_TIME (3 * CLOCK_SECOND)

struct console_data {
	uint64_t tty;
	int escape;
	bool escape_given, watch;
};

/* What the relay says to the user. */
struct talk {
	const char *name;
	const struct console_data *d;
};

static int set_tty(void *data, const char *value, struct err *err)
{
	struct console_data *d = data;

	return cli_set_uint(value, 0, UINT32_MAX, &d->tty, err);
}

static int set_escape(void *data, const char *value, struct err *err)
{
	struct console_data *d = data;

	d->escape_given = true;
	return tty_escape_parse(value, &d->escape, err);
}

static void opened(struct tty_console *c)
{
	const struct talk *talk = c->data;
	const int key = c->escape + '@';

	if (!cli_progress() || isatty(c->in) != 1)
		return;
	fprintf(stderr, "mgr-console: %s: %s", talk->name, talk->d->watch ? "looking on" : "connected");
	if (c->escape >= 0)
		fprintf(stderr, "; Ctrl-%c q leaves", key | 0x20);
	if (c->escape >= 0 && !talk->d->watch)
		fprintf(stderr, ", Ctrl-%c Ctrl-%c types Ctrl-%c", key | 0x20, key | 0x20, key | 0x20);
	fputs("\r\n", stderr);
}

static int ask(const struct cli *cli, const char *name, struct err *err)
{
	const struct console_data *d = cli->data;
	autoclose int sock = life_connect(&cli->store, name, clock_in(ANSWER_TIME), err);
	int r = sock;

	if (sock == -ENOTCONN)
		return err_set(err, ENOTCONN, "is not running");
	if (sock == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "its supervisor does not answer");
	if (r >= 0)
		r = wire_send(sock, WIRE_WATCH, 0, NULL, 0, NULL, 0, err);
	if (r >= 0)
		r = tty_console_ask(sock, (uint32_t)d->tty, d->watch, isatty(0) == 1 ? 0 : 1, err);
	return r < 0 ? r : steal_fd(&sock);
}

static int closed(const struct tty_console *c, const char *name, struct err *err)
{
	if (!c->has_status || c->status.state != WIRE_STOPPED)
		return err_set(err, ECONNRESET, "lost the connection: its supervisor has ended or dropped it");
	if (cli_progress())
		fprintf(stderr, "mgr-console: %s: has stopped\n", name);
	return 0;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct console_data *d = cli->data;
	struct talk talk = { name, d };
	autoclose int sock = ask(cli, name, err);
	struct tty_console c = {
		.sock = sock,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.watch = d->watch,
		.escape = d->escape_given ? d->escape : TTY_ESCAPE_DEFAULT,
		.answer_by = clock_in(ANSWER_TIME),
		.opened = opened,
		.data = &talk,
	};
	int end;

	if (sock < 0)
		return sock;
	end = tty_console_run(&c, err);
	switch (end) {
	case TTY_CONSOLE_LEFT:
		if (cli_progress())
			fputs("\r\n", stderr);
		return 0;
	case TTY_CONSOLE_CLOSED:
		return closed(&c, name, err);
	case TTY_CONSOLE_SIGNAL: /* our end, now that the terminal is as it was */
		signal(c.sig, SIG_DFL);
		raise(c.sig);
		return 128 + c.sig;
	case TTY_CONSOLE_HUNG_UP:
		return err_set(err, EIO, "the terminal, or where the output goes, is gone");
	default:
		return end;
	}
}

static const struct option_row opts[] = {
	{ 't', "tty", "TTY", "A terminal beside the console: 1 is /dev/tty1; 0, the default, the console.", .set = set_tty },
	{ 'e', "escape", "PREFIX", "The key before q that leaves: a letter, for Ctrl and it (a), or none.",
	  .set = set_escape },
	{ 'w', "watch", NULL, "Look on, without typing: as many as want to may.",
	  .flag = offsetof(struct console_data, watch) },
	{ 0 },
};

const struct command cmd_console = {
	.name = "console",
	.args = "NAME",
	.help = "Connect this terminal to the console of a running container.",
	.opts = opts,
	.data_size = sizeof(struct console_data),
	.flags = CMD_ONE_NAME | CMD_MUST_EXIST | CMD_RUNNING | CMD_FROZEN,
	.run = run,
};
