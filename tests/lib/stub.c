/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stub [late] [clear] [port=N] | again | flood | drip: an init for tests of what happens around an init. SIGTERM powers off,
 * SIGINT reboots, SIGUSR1 exits with status 7, anything else is ignored. It has one child, in a session of its own, that
 * ignores everything. `clear`: its parent-death signal is cleared. `late`: it takes a while before it can take signals.
 * `port=N`: it listens on TCP port N when it gets SIGUSR2. `again`: it reboots at once. `flood`: it writes to its console
 * without end; `drip`: so in small pieces.
 *
 *   cc -static -o stub tests/lib/stub.c */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <unistd.h>

static void listen_on(int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(sock, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(sock, 4) < 0)
		exit(9);
}

int main(int argc, char **argv)
{
	int port = 0, sig;
	sigset_t all;

	if (argc > 1 && strcmp(argv[1], "late") == 0)
		poll(NULL, 0, 300);
	if (argc > 1 && strcmp(argv[1], "again") == 0)
		reboot(RB_AUTOBOOT);
	while (argc > 1 && strcmp(argv[1], "flood") == 0)
		puts("there is no end to what this has to say, and nobody to listen");
	while (argc > 1 && strcmp(argv[1], "drip") == 0) {
		puts("more");
		usleep(1);
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "clear") == 0)
			prctl(PR_SET_PDEATHSIG, 0);
		else if (strncmp(argv[i], "port=", 5) == 0)
			port = atoi(argv[i] + 5);
	if (fork() == 0) {
		setsid();
		for (;;)
			pause();
	}
	puts("stub runs");
	fflush(stdout);
	for (;;) {
		if (sigwait(&all, &sig) != 0)
			continue;
		if (sig == SIGTERM)
			reboot(RB_POWER_OFF);
		else if (sig == SIGINT)
			reboot(RB_AUTOBOOT);
		else if (sig == SIGUSR1)
			return 7;
		else if (sig == SIGUSR2 && port)
			listen_on(port);
	}
}
