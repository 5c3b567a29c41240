/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/await.h"
#include "cli/cli.h"
#include "cli/net_show.h"
#include "net/net.h"

static int up(struct cli *cli, const char *network, struct err *err)
{
	int r = net_ask(&cli->store, WIRE_NET_UP, network, NULL, 0, clock_in(NET_WAIT), err);

	return r < 0 ? r : await_all(cli);
}

static int down(struct cli *cli, const char *network, struct err *err)
{
	struct wire_net_status s = { 0 };
	int r = net_ask(&cli->store, WIRE_NET_DOWN, network, NULL, 0, clock_in(NET_WAIT), err);

	if (r == 0)
		r = net_ask(&cli->store, WIRE_NET_STATUS, network, &s, sizeof s, clock_in(NET_WAIT), err);
	if (r == 0 && s.containers)
		printf("the network stays until the last of the containers on it has stopped, now %u\n", s.containers);
	else if (r == 0 && s.waiting)
		printf("the network stays while stopped containers wait for a connection, now %u\n", s.waiting);
	return r == -ECONNREFUSED ? 0 : r;
}

/* All networks. After an upgrade the first answer is that mgr-netd ends. */
static int repair(struct cli *cli, const char *network, struct err *err)
{
	struct wire_net_repair reply = { 0 };
	int r;

	if (network)
		return cli_usage(cli, "repair takes no network: it mends them all");
	r = net_ask(&cli->store, WIRE_NET_REPAIR, "", &reply, sizeof reply, clock_in(NET_WAIT), err);
	if (r == 0 && reply.ends)
		r = net_ask(&cli->store, WIRE_NET_REPAIR, "", NULL, 0, clock_in(NET_WAIT), err);
	if (r == -ECONNREFUSED) {
		err_clear(err);
		return 0;
	}
	return r;
}

static const struct {
	const char *name;
	int (*run)(struct cli *cli, const char *network, struct err *err);
	bool all; /* without a network: NULL is passed on, all of them */
} verbs[] = {
	{ "up", up, false },        { "down", down, false }, { "status", net_status, true }, { "leases", net_leases, true },
	{ "repair", repair, true },
};

static int run(struct cli *cli, const char *name, struct err *err)
{
	const struct strv *words = &cli->rest;
	const char *network = words->n == 2 ? words->v[1] : NULL;

	(void)name;
	for (size_t i = 0; i < ARRAY_SIZE(verbs) && words->n >= 1 && words->n <= 2; i++)
		if (str_eq(words->v[0], verbs[i].name))
			return verbs[i].run(cli, network || verbs[i].all ? network : "", err);
	return cli_usage(cli, "one of up, down, status, leases and repair is needed, and at most one network");
}

const struct command cmd_net = {
	.name = "net",
	.args = "up [NETWORK] | down [NETWORK] | status [NETWORK] | leases [NETWORK] | repair",
	.help = "Bring up a managed network to stay, let it go, show how it is or whose addresses are whose, or mend them "
		"all.",
	.flags = CMD_WORDS | CMD_JSON,
	.run = run,
};
