/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/await.h"
#include "cli/cli.h"
#include "net/net.h"

#define NET_WAIT (30 * CLOCK_SECOND)

static int up(struct cli *cli, struct err *err)
{
	int r = net_ask(&cli->store, WIRE_NET_UP, NULL, 0, clock_in(NET_WAIT), err);

	return r < 0 ? r : await_all(cli);
}

static int down(struct cli *cli, struct err *err)
{
	struct wire_net_status s = { 0 };
	int r = net_ask(&cli->store, WIRE_NET_DOWN, NULL, 0, clock_in(NET_WAIT), err);

	if (r == 0)
		r = net_ask(&cli->store, WIRE_NET_STATUS, &s, sizeof s, clock_in(NET_WAIT), err);
	if (r == 0 && s.containers)
		printf("the network stays until the last of the containers on it has stopped, now %u\n", s.containers);
	else if (r == 0 && s.waiting)
		printf("the network stays while stopped containers wait for a connection, now %u\n", s.waiting);
	return r == -ECONNREFUSED ? 0 : r;
}

/* After an upgrade the first answer is that mgr-netd ends. */
static int repair(struct cli *cli, struct err *err)
{
	struct wire_net_repair reply = { 0 };
	int r = net_ask(&cli->store, WIRE_NET_REPAIR, &reply, sizeof reply, clock_in(NET_WAIT), err);

	if (r == 0 && reply.ends)
		r = net_ask(&cli->store, WIRE_NET_REPAIR, NULL, 0, clock_in(NET_WAIT), err);
	if (r == -ECONNREFUSED) {
		err_clear(err);
		return 0;
	}
	return r;
}

static void show_text(const char *label, const char *text)
{
	printf("%-15s %s\n", label, text);
}

static void show_number(const char *label, long number)
{
	printf("%-15s %ld\n", label, number);
}

static void show(const struct wire_net_status *s)
{
	char addr[INET6_ADDRSTRLEN], subnet[96];

	show_text("State:", s->bridge[0] ? "UP" : "DOWN");
	if (!s->bridge[0])
		return;
	show_text("Bridge:", s->bridge);
	str_print(subnet, sizeof subnet, "%s/%u", inet_ntop(AF_INET, &s->net, addr, sizeof addr), s->prefix);
	show_text("Subnet:", subnet);
	if (s->no6[0])
		str_print(subnet, sizeof subnet, "none (%s)", s->no6);
	else
		str_print(subnet, sizeof subnet, "%s/64", inet_ntop(AF_INET6, &s->net6, addr, sizeof addr));
	show_text("IPv6:", subnet);
	show_text("Stays:", s->stays ? "until mgr-net down" : "while containers use it");
	show_number("Containers:", (long)s->containers);
	show_number("Forwards:", (long)s->forwards);
	if (s->waiting)
		show_number("Waiting:", (long)s->waiting);
	printf("%-15s process %d\n", "Service:", (int)s->netd_pid);
	if (s->dnsmasq_pid)
		printf("%-15s process %d\n", "DNS:", (int)s->dnsmasq_pid);
	if (s->cause[0])
		show_text("Trouble:", s->cause);
}

static int status(struct cli *cli, struct err *err)
{
	struct wire_net_status s = { 0 };
	int r = net_ask(&cli->store, WIRE_NET_STATUS, &s, sizeof s, clock_in(NET_WAIT), err);

	if (r < 0 && r != -ECONNREFUSED)
		return r;
	s.cause[sizeof s.cause - 1] = s.bridge[sizeof s.bridge - 1] = s.no6[sizeof s.no6 - 1] = '\0';
	show(&s);
	if (r < 0 && net_was_killed(&cli->store))
		show_text("Trouble:", "mgr-netd has been killed: 'mgr-net repair' starts it again");
	return 0;
}

static int run(struct cli *cli, const char *name, struct err *err)
{
	const char *what = cli->rest.n == 1 ? cli->rest.v[0] : "";

	(void)name;
	if (str_eq(what, "up"))
		return up(cli, err);
	if (str_eq(what, "down"))
		return down(cli, err);
	if (str_eq(what, "status"))
		return status(cli, err);
	if (str_eq(what, "repair"))
		return repair(cli, err);
	return cli_usage(cli, "one of up, down, status and repair is needed");
}

const struct command cmd_net = {
	.name = "net",
	.args = "up | down | status | repair",
	.help = "Bring up the managed network to stay, let it go, show how it is, or mend it.",
	.flags = CMD_WORDS,
	.run = run,
};
