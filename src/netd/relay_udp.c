/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/relay_udp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define MOST    256                 /* that ask at a time; the one that has been silent longest goes */
#define SILENCE (60 * CLOCK_SECOND) /* as long as the kernel tracks a flow without an answer, and longer */
#define LONGEST 65536
#define ROUNDS  32

struct asker {
	struct relay_udp *relay;
	struct sockaddr_in6 addr;
	int fd; /* connected to the container */
	struct loop_io *io;
	uint64_t heard; /* of it, or of its answers */
	struct asker *next;
};

struct relay_udp {
	struct loop *loop;
	int held;
	struct loop_io *io;
	struct sockaddr_in6 guest;
	struct asker *askers; /* who was heard last comes first */
	size_t n;
	struct loop_timer silence;
};

/* One at a time, and too large for a stack. */
static uint8_t datagram[LONGEST];

static void asker_free(struct asker *asker)
{
	struct relay_udp *relay = asker->relay;
	struct asker **p = &relay->askers;

	while (*p && *p != asker)
		p = &(*p)->next;
	if (*p) {
		*p = asker->next;
		relay->n--;
	}
	loop_io_remove(relay->loop, asker->io);
	if (asker->fd >= 0)
		close(asker->fd);
	free(asker);
}

static void answered(void *data, uint32_t events)
{
	struct asker *asker = data;

	(void)events;
	asker->heard = clock_now();
	for (int round = 0; round < ROUNDS; round++) {
		ssize_t n = recv(asker->fd, datagram, sizeof datagram, MSG_DONTWAIT);
		if (n < 0 && errno != ECONNREFUSED) /* nobody listens inside: an asker of UDP waits in vain */
			return;
		if (n >= 0)
			sendto(asker->relay->held, datagram, (size_t)n, MSG_DONTWAIT, (const struct sockaddr *)&asker->addr,
			       sizeof asker->addr);
	}
}

static void forget_silent(void *data)
{
	struct relay_udp *relay = data;
	uint64_t now = clock_now();

	for (struct asker *a = relay->askers, *next; a; a = next) {
		next = a->next;
		if (now - a->heard >= SILENCE)
			asker_free(a);
	}
	if (relay->askers)
		loop_timer_start(relay->loop, &relay->silence, clock_in(SILENCE));
}

static struct asker *asker_new(struct relay_udp *relay, const struct sockaddr_in6 *addr)
{
	struct asker *asker, *last = relay->askers;

	for (; relay->n >= MOST && last->next; last = last->next)
		;
	if (relay->n >= MOST)
		asker_free(last);
	asker = calloc(1, sizeof *asker);
	if (!asker)
		return NULL;
	asker->relay = relay;
	asker->addr = *addr;
	asker->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (asker->fd >= 0 && connect(asker->fd, (const struct sockaddr *)&relay->guest, sizeof relay->guest) == 0)
		asker->io = loop_io_add(relay->loop, asker->fd, EPOLLIN, answered, asker);
	if (!asker->io) {
		asker_free(asker);
		return NULL;
	}
	if (!relay->askers)
		loop_timer_start(relay->loop, &relay->silence, clock_in(SILENCE));
	relay->n++;
	return asker;
}

/* To the front of the list. */
static struct asker *asker_of(struct relay_udp *relay, const struct sockaddr_in6 *addr)
{
	struct asker **p = &relay->askers, *asker;

	while (*p &&
	       ((*p)->addr.sin6_port != addr->sin6_port || !IN6_ARE_ADDR_EQUAL(&(*p)->addr.sin6_addr, &addr->sin6_addr)))
		p = &(*p)->next;
	asker = *p;
	if (asker)
		*p = asker->next;
	else
		asker = asker_new(relay, addr);
	if (!asker)
		return NULL;
	asker->next = relay->askers;
	relay->askers = asker;
	asker->heard = clock_now();
	return asker;
}

/* All else that is sent to the port goes by the rules, or, while they are being put back, nowhere. */
static bool is_for_loopback(struct msghdr *msg)
{
	struct in6_pktinfo info;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO || c->cmsg_len < CMSG_LEN(sizeof info))
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof info);
		return IN6_IS_ADDR_LOOPBACK(&info.ipi6_addr);
	}
	return false;
}

static void asked(void *data, uint32_t events)
{
	struct relay_udp *relay = data;

	(void)events;
	for (int round = 0; round < ROUNDS; round++) {
		struct sockaddr_in6 from;
		struct iovec iov = { datagram, sizeof datagram };
		union {
			struct cmsghdr head;
			char bytes[256];
		} control;
		struct msghdr msg = { &from, sizeof from, &iov, 1, &control, sizeof control, 0 };
		ssize_t n = recvmsg(relay->held, &msg, MSG_DONTWAIT);
		if (n < 0)
			return;
		struct asker *asker = is_for_loopback(&msg) ? asker_of(relay, &from) : NULL;
		if (asker)
			send(asker->fd, datagram, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

struct relay_udp *relay_udp_new(struct loop *loop, int held, const struct sockaddr_in6 *guest, struct err *err)
{
	struct relay_udp *relay = calloc(1, sizeof *relay);
	int on = 1;

	if (!relay) {
		err_nomem(err);
		return NULL;
	}
	*relay = (struct relay_udp){ .loop = loop, .held = held, .guest = *guest };
	relay->silence = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = forget_silent, .data = relay };
	if (setsockopt(held, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0)
		relay->io = loop_io_add(loop, held, EPOLLIN, asked, relay);
	if (relay->io)
		return relay;
	err_sys(err, errno, "serve ::1");
	free(relay);
	return NULL;
}

void relay_udp_free(struct relay_udp *relay)
{
	if (!relay)
		return;
	while (relay->askers)
		asker_free(relay->askers);
	loop_timer_stop(relay->loop, &relay->silence);
	loop_io_remove(relay->loop, relay->io);
	free(relay);
}
