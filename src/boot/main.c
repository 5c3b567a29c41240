/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-boot: starts a container and becomes its supervisor; undoes what a start made.
 *
 *   mgr-boot --up [-P PATH] [-s KEY=VALUE]... [-p PIDFILE] [--uuid UUID] [--client FD] [--orphan] NAME
 *             [--execute [--user USER] [--term TERM] [--window RxC] [--stdio MASK] NAME COMMAND [ARG]...]
 *                                                       answers with a struct boot_result to descriptor 3; FD: a socket
 *                                                       that the supervisor takes as a control connection;
 *                                                       MASK: bit n: descriptor 5+n is the command's n
 *   mgr-boot --down [-P PATH] [--lock FD] [--namespaces N] [--disk] NAME
 *                                                       from the undo record alone; FD: the lock, held by the caller;
 *                                                       N: descriptors of its namespaces, from 4 on; disk: 12 is its
 *                                                       root folder, to be synced
 *   mgr-boot --open [-P PATH] NAME                      answers with the container's root and lock, for who works on its
 *                                                       files
 *   mgr-boot --device --init PID [--netd] [-P PATH] NAME VERB [KIND [WORD]...]
 *                                                       from the supervisor: answers with a struct boot_device_result;
 *                                                       descriptors: 4 the lock, 5 a pidfd of PID, 6 the connection to
 *                                                       mgr-netd
 *   mgr-boot --await [-P PATH] [--uuid UUID] NAME       it is stopped: mgr-netd is told whether a connection is to start it
 *   mgr-boot --steps                                    the table, a line a step: NAME parent|child down|-
 *   mgr-boot --reboot FD                                from the supervisor, in its place: FD is a handover
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "boot/boot.h"
#include "boot/internal.h"
#include "boot/result.h"
#include "unit/unit.h"

static int usage(void)
{
	fputs("mgr-boot: not for the command line; mgr-start runs it\n", stderr);
	return 64;
}

static int list(void)
{
	for (size_t i = 0; i < n_steps; i++)
		printf("%s %s %s\n", steps[i].name, steps[i].side == PARENT ? "parent" : "child",
		       steps[i].down ? "down" : "-");
	return EXIT_SUCCESS;
}

static void take_stdio(struct boot_command *command, unsigned mask)
{
	for (int i = 0; i < 3; i++)
		if (mask >> i & 1)
			command->stdio[i] = BOOT_STDIO_FD + i;
}

/* The supervisor that this process becomes takes them; what it runs has none of this (base/proc.h, init/init.h). */
static void hold_stops(void)
{
	sigset_t held;

	unit_stop_signals(&held);
	sigprocmask(SIG_BLOCK, &held, NULL);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "up", no_argument, NULL, 'u' },
		{ "down", no_argument, NULL, 'd' },
		{ "lock", required_argument, NULL, 'l' },
		{ "namespaces", required_argument, NULL, 'n' },
		{ "steps", no_argument, NULL, 'S' },
		{ "reboot", required_argument, NULL, 'r' },
		{ "client", required_argument, NULL, 'c' },
		{ "execute", no_argument, NULL, 'e' },
		{ "user", required_argument, NULL, 'U' },
		{ "term", required_argument, NULL, 'T' },
		{ "window", required_argument, NULL, 'w' },
		{ "stdio", required_argument, NULL, 'i' },
		{ "open", no_argument, NULL, 'o' },
		{ "orphan", no_argument, NULL, 'O' },
		{ "device", no_argument, NULL, 'D' },
		{ "init", required_argument, NULL, 'I' },
		{ "netd", no_argument, NULL, 'N' },
		{ "await", no_argument, NULL, 'a' },
		{ "uuid", required_argument, NULL, 'V' },
		{ "disk", no_argument, NULL, 'k' },
		{ "unserved", no_argument, NULL, 'K' },
		{ "failing", no_argument, NULL, 'F' },
		{ 0 },
	};
	struct boot_request q = { .lock = -1, .client = -1, .netd = -1, .command.stdio = { -1, -1, -1 } };
	bool execute = false;
	uint64_t fd = 0, n = 0;
	int what = 0, c;

	while ((c = getopt_long(argc, argv, "+P:s:p:", longs, NULL)) != -1) {
		if (strchr("lrciI", c) && str_uint(optarg, 0, INT32_MAX, &fd) < 0)
			return usage();
		if (c == 'n' && str_uint(optarg, 0, BOOT_NAMESPACES, &n) < 0)
			return usage();
		if (c == 'P')
			q.path = optarg;
		else if (c == 'p')
			q.pidfile = optarg;
		else if (c == 'l')
			q.lock = (int)fd;
		else if (c == 'c')
			q.client = (int)fd;
		else if (c == 'I')
			q.init = (pid_t)fd;
		else if (c == 'N')
			q.netd = BOOT_DEVICE_NETD_FD;
		else if (c == 'k')
			q.disk = true;
		else if (c == 'K')
			q.unserved = true;
		else if (c == 'F')
			q.failing = true;
		else if (c == 'O')
			q.orphan = true;
		else if (c == 'e')
			execute = true;
		else if (c == 'V')
			q.uuid = optarg;
		else if (c == 'U')
			q.command.user = optarg;
		else if (c == 'T')
			q.command.term = optarg;
		else if (c == 'w')
			q.command.window = optarg;
		else if (c == 'i')
			take_stdio(&q.command, (unsigned)fd);
		else if (c == 's' && strv_add(&q.assign, optarg) < 0)
			return EXIT_FAILURE;
		else if (c == 'u' || c == 'o' || c == 'a' || c == 'd' || c == 'r' || c == 'S' || c == 'D')
			what = c;
		else if (c == '?')
			return usage();
	}
	q.name = argv[optind];
	q.namespaces = n;
	if (what == 'S')
		return list();
	if (what == 'u' || what == 'r')
		hold_stops();
	if (what == 'r')
		return boot_again((int)fd);
	q.words = q.name ? argv + optind + 1 : NULL;
	if (what == 'D' && q.name && *q.words && q.init > 0)
		return boot_device(&q);
	if (!q.name || !argv[optind + 1] == execute || !what || what == 'D')
		return usage();
	q.command.argv = execute ? argv + optind + 1 : NULL;
	if (what == 'a')
		return boot_await(&q);
	return what == 'u' ? boot_up(&q) : what == 'o' ? boot_open(&q) : boot_undo(&q);
}
