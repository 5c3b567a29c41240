/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rate serve PORT: takes connections and closes them. rate ask ADDRESS PORT SECONDS: makes them, one after the other, until
 * each has ended; prints how many a second. */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int serve(int port)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	int sock = socket(AF_INET6, SOCK_STREAM, 0), on = 1;

	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (sock < 0 || bind(sock, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(sock, 128) < 0)
		err(1, "listen on %d", port);
	for (;;) {
		int fd = accept(sock, NULL, NULL);
		if (fd >= 0)
			close(fd);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Nothing of it stays: ports would run out. */
static void ask_once(const struct sockaddr_in *addr)
{
	const struct linger none = { .l_onoff = 1, .l_linger = 0 };
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	char c;

	if (sock < 0 || connect(sock, (const struct sockaddr *)addr, sizeof *addr) < 0 || read(sock, &c, 1) != 0)
		err(1, "connect");
	setsockopt(sock, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(sock);
}

static int ask(const char *host, int port, double seconds)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	const double begin = now();
	unsigned long n = 0;

	if (inet_pton(AF_INET, host, &addr.sin_addr) != 1)
		errx(1, "'%s' is no address", host);
	while (now() - begin < seconds) {
		ask_once(&addr);
		n++;
	}
	printf("%.1f\n", (double)n / (now() - begin));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return serve(atoi(argv[2]));
	if (argc == 5 && strcmp(argv[1], "ask") == 0)
		return ask(argv[2], atoi(argv[3]), atof(argv[4]));
	errx(64, "usage: rate serve PORT | rate ask ADDRESS PORT SECONDS");
}
