/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/await.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "life/forward.h"
#include "life/state.h"
#include "net/forward.h"

#define FORWARD_WAIT (30 * CLOCK_SECOND)

/* One that does not run has its configuration alone. */
static int change(struct cli *cli, const char *name, bool del, struct err *err)
{
	const char *spec = cli->rest.n == 2 ? cli->rest.v[1] : NULL;
	const struct change_data *d = cli->data;
	const uint64_t deadline = clock_in(FORWARD_WAIT);
	enum wire_state state;
	int r;

	if (!spec)
		return cli_usage(cli, "'%s' takes one forward, such as tcp:8080:80", cli->rest.v[0]);
	r = life_state(&cli->store, name, &state, err);
	if (r >= 0 && d->save)
		r = life_forward_save(&cli->store, name, spec, del, state != WIRE_STOPPED, deadline, err);
	else if (r >= 0)
		r = life_forward(&cli->store, name, spec, del, deadline, err);
	if (r < 0 || state != WIRE_STOPPED)
		return r;
	return await_again(cli, name, true, err) < 0 ? err_wrap(err, "it is kept, but cannot wait for a connection") : 0;
}

static int add_row(struct print *p, const char *name, const char *text, struct err *err)
{
	struct wire_forward f;
	char addr[INET6_ADDRSTRLEN] = "";
	int r = net_forward_parse(text, &f, err);

	if (r < 0)
		return r;
	const bool socket = f.family == AF_UNIX;
	if (f.family && !socket)
		inet_ntop(f.family, f.addr, addr, sizeof addr);
	const struct print_cell cells[] = {
		print_text(name),
		print_text(text),
		print_text(socket                   ? "unix"
			   : f.proto == IPPROTO_UDP ? "udp"
						    : "tcp"),
		print_text(socket    ? f.path
			   : addr[0] ? addr
				     : NULL),
		print_number(socket ? UINT64_MAX : f.port),
		print_number(f.target),
		print_number((uint64_t)(f.last - f.port) + 1),
	};
	return print_row(p, cells, err);
}

static const struct print_column columns[] = {
	{ "name", NULL, PRINT_TEXT },    { "forward", NULL, PRINT_TEXT }, { "protocol", NULL, PRINT_TEXT },
	{ "address", NULL, PRINT_TEXT }, { "port", NULL, PRINT_NUMBER },  { "target", NULL, PRINT_NUMBER },
	{ "ports", NULL, PRINT_NUMBER },
};

static int print_all(const char *name, const struct strv *all, struct err *err)
{
	struct print *p = print_new(columns, ARRAY_SIZE(columns), PRINT_JSON, err);
	int r = p ? 0 : -err->code;

	for (size_t i = 0; i < all->n && r >= 0; i++)
		r = add_row(p, name, all->v[i], err);
	if (r >= 0)
		r = print_end(p, err);
	print_free(p);
	return r;
}

static int ls(struct cli *cli, const char *name, struct err *err)
{
	autocall(strv_done) struct strv all = { 0 };
	enum wire_state state;
	int r = life_state(&cli->store, name, &state, err);

	if (r >= 0)
		r = life_forwards(&cli->store, name, state != WIRE_STOPPED, &all, err);
	if (r < 0)
		return r;
	if (cli->json)
		return print_all(name, &all, err);
	for (size_t i = 0; i < all.n; i++) {
		print_escaped(all.v[i]);
		putchar('\n');
	}
	return 0;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	return change_run(cli, name, change, ls, err);
}

const struct command cmd_forward = {
	.name = "forward",
	.args = "add SPEC | del SPEC | ls",
	.help = "Forward ports of the host to a running container, end that, or list them.",
	.opts = change_opts,
	.data_size = sizeof(struct change_data),
	.flags = CMD_MAY_NAME | CMD_MUST_EXIST | CMD_WORDS | CMD_JSON,
	.run = run,
};
