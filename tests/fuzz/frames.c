/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* frames FOLDER COUNT [SEED]: throw COUNT frames at the control socket in FOLDER: noise, heads that are nearly right, heads
 * that are right with payloads that are not, requests of the right size with odd values, descriptors that nobody asked for.
 * No frame asks for a stop in a way that there is; what may have been frozen is thawed at the end. Prints the seed; fails
 * when nobody answers to a good request afterwards.
 *
 *   cc -I src -o frames tests/fuzz/frames.c */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "wire/attach.h"
#include "wire/console.h"
#include "wire/net.h"
#include "wire/wire.h"

#define MOST (WIRE_MAX + 64)

static uint64_t state;

static uint64_t dice(uint64_t below) /* xorshift64* */
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * UINT64_C(2685821657736338717) >> 11) % below;
}

static int reach(const char *folder)
{
	const struct timeval patience = { .tv_sec = 10 };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int dir = open(folder, O_RDONLY | O_DIRECTORY), sock = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/control", dir);
	if (dir < 0 || sock < 0 || connect(sock, (struct sockaddr *)&addr, sizeof addr) < 0) {
		perror(folder);
		exit(1);
	}
	close(dir);
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return sock;
}

static size_t noise(uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)dice(256);
	return n;
}

/* A good head over a random payload, or with one part of it wrong. */
static size_t nearly(uint8_t *to)
{
	struct wire_head head = { WIRE_MAGIC, WIRE_VERSION, (uint16_t)dice(WIRE_TYPES + 2), 0, 0 };
	struct wire_stop stop = { .how = 3 + (uint32_t)dice(UINT32_MAX - 3), .timeout = dice(UINT64_MAX) };
	size_t n = dice(2) ? 0 : noise(to + sizeof head, dice(4) ? dice(64) : dice(WIRE_MAX - sizeof head));

	if (head.type == WIRE_STOP && n == sizeof stop)
		memcpy(to + sizeof head, &stop, n);
	head.length = (uint32_t)n;
	switch (dice(8)) {
	case 0:
		head.length += (uint32_t)dice(UINT32_MAX);
		break;
	case 1:
		head.version = (uint16_t)dice(65536);
		break;
	case 2:
		head.magic ^= 1U << dice(32);
		break;
	case 3:
		head.code = (int32_t)dice(UINT32_MAX);
		break;
	}
	memcpy(to, &head, sizeof head);
	return dice(16) ? sizeof head + n : dice(sizeof head + n);
}

/* 0, one, the greatest, or anything. */
static uint64_t odd(uint64_t most)
{
	return dice(3) ? dice(2) : dice(2) ? most : dice(most);
}

static size_t put(uint8_t *to, enum wire_type type, const void *payload, size_t n)
{
	const struct wire_head head = { WIRE_MAGIC, WIRE_VERSION, (uint16_t)type, (uint32_t)n, 0 };

	memcpy(to, &head, sizeof head);
	memcpy(to + sizeof head, payload, n);
	return sizeof head + n;
}

static size_t forward(uint8_t *to)
{
	struct wire_forward_change change = { .del = (uint32_t)odd(UINT32_MAX) };
	struct wire_forward *f = &change.forward;

	noise(f->addr, sizeof f->addr);
	f->proto = dice(2) ? IPPROTO_TCP : dice(2) ? IPPROTO_UDP : (uint8_t)dice(256);
	f->family = dice(2) ? AF_INET : dice(2) ? AF_INET6 : (uint8_t)odd(255);
	f->port = (uint16_t)(20000 + dice(8));
	f->last = dice(4) ? f->port : (uint16_t)odd(UINT16_MAX);
	f->target = (uint16_t)(dice(2) ? 80 : odd(UINT16_MAX));
	if (dice(2))
		memset(f->addr, 0, sizeof f->addr);
	return put(to, WIRE_FORWARD, &change, sizeof change);
}

/* A request that may well be granted. */
static size_t plausible(uint8_t *to)
{
	const struct wire_freeze freeze = { .timeout = odd(UINT64_MAX) };
	const struct wire_console console = { .tty = (uint32_t)odd(UINT32_MAX),
					      .flags = (uint32_t)odd(UINT32_MAX),
					      .rows = (uint16_t)odd(UINT16_MAX),
					      .cols = (uint16_t)odd(UINT16_MAX) };
	const struct wire_console_size size = { (uint16_t)odd(UINT16_MAX), (uint16_t)odd(UINT16_MAX) };
	const struct wire_attach_ask ask = { .files = (uint32_t)odd(UINT32_MAX) };
	uint8_t typed[WIRE_CONSOLE_MOST];

	switch (dice(8)) {
	case 0:
		return put(to, WIRE_FREEZE, &freeze, sizeof freeze);
	case 1:
		return put(to, WIRE_THAW, NULL, 0);
	case 2:
		return put(to, WIRE_CONSOLE, &console, sizeof console);
	case 3:
		return put(to, WIRE_CONSOLE_SIZE, &size, sizeof size);
	case 4:
		return put(to, WIRE_ATTACH, &ask, sizeof ask);
	case 5:
		return put(to, WIRE_WATCH, NULL, 0);
	case 6:
		return forward(to);
	default:
		return put(to, WIRE_CONSOLE_DATA, typed, noise(typed, 1 + dice(sizeof typed)));
	}
}

static ssize_t throw_one(int sock)
{
	static uint8_t bytes[MOST];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
	} control = { 0 };
	const uint64_t kind = dice(8);
	size_t n = kind < 3 ? plausible(bytes) : kind < 7 ? nearly(bytes) : noise(bytes, dice(4) ? dice(64) : dice(MOST));
	struct iovec iov = { bytes, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	const int fds[8] = { 0, 1, 2, 0, 1, 2, 0, 1 };

	if (dice(8) == 0) {
		size_t count = 1 + dice(8);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL);
}

/* Read what has come, most of the time; a client that never reads is dropped one day. */
static void hear(int sock)
{
	static uint8_t bytes[MOST];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 64)];
	} control;
	struct iovec iov = { bytes, sizeof bytes };

	while (dice(64)) {
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
		};
		if (recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
			return;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			for (size_t at = CMSG_LEN(0); c->cmsg_type == SCM_RIGHTS && at < c->cmsg_len; at += sizeof(int)) {
				int fd;
				memcpy(&fd, (char *)c + at, sizeof fd);
				close(fd);
			}
	}
}

static void thaw(const char *folder)
{
	const struct wire_head ask = { WIRE_MAGIC, WIRE_VERSION, WIRE_THAW, 0, 0 };
	uint8_t reply[1024];
	int sock = reach(folder);

	if (send(sock, &ask, sizeof ask, MSG_NOSIGNAL) != sizeof ask || recv(sock, reply, sizeof reply, 0) < 0)
		perror("thaw");
	close(sock);
}

static int answers(const char *folder)
{
	const struct wire_head ask = { WIRE_MAGIC, WIRE_VERSION, WIRE_STATUS, 0, 0 };
	uint8_t reply[1024];
	int sock = reach(folder);
	ssize_t n;

	if (send(sock, &ask, sizeof ask, MSG_NOSIGNAL) != sizeof ask)
		return 0;
	n = recv(sock, reply, sizeof reply, 0);
	close(sock);
	return n == (ssize_t)(sizeof(struct wire_head) + sizeof(struct wire_status));
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	int sock;

	if (count == 0) {
		fprintf(stderr, "usage: frames FOLDER COUNT [SEED]\n");
		return 64;
	}
	state = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL) << 16 ^ (uint64_t)getpid();
	printf("seed %llu\n", (unsigned long long)state);
	fflush(stdout);
	sock = reach(argv[1]);
	for (unsigned long i = 0; i < count; i++) {
		if (throw_one(sock) < 0 && errno != EMSGSIZE) {
			close(sock);
			sock = reach(argv[1]);
		}
		hear(sock);
	}
	close(sock);
	thaw(argv[1]);
	if (answers(argv[1]))
		return 0;
	fprintf(stderr, "no answer after %lu frames\n", count);
	return 1;
}
