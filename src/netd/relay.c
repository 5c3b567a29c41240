/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "netd/relay_udp.h"

#define BUFFER 16384
#define MOST   512 /* connections of a port at a time */
#define ROUNDS 8   /* of one connection, before others have their turn */

/* One side: what has been read from it and not yet been written to the other one. */
struct side {
	int fd;
	struct loop_io *io;
	size_t at, n;
	bool ended; /* nothing more comes from it */
	bool shut;  /* it has been told that nothing more comes */
	uint8_t buffer[BUFFER];
};

struct pair {
	struct relay *relay;
	struct side side[2]; /* who asked; the container */
	struct pair *next;
};

struct relay {
	struct loop *loop;
	int held;
	struct loop_io *io;
	struct sockaddr_in6 guest;
	struct pair *pairs;
	size_t n;
	struct relay_udp *udp; /* of a udp port, instead */
};

bool relay_wanted(const struct nft_element *e)
{
	return nft_is_any(e) || IN6_IS_ADDR_LOOPBACK(&e->host);
}

static void pair_free(struct pair *pair)
{
	struct relay *relay = pair->relay;
	struct pair **p = &relay->pairs;

	while (*p && *p != pair)
		p = &(*p)->next;
	if (*p) {
		*p = pair->next;
		relay->n--;
	}
	for (int i = 0; i < 2; i++) {
		loop_io_remove(relay->loop, pair->side[i].io);
		if (pair->side[i].fd >= 0)
			close(pair->side[i].fd);
	}
	free(pair);
}

static bool in_vain(int e)
{
	return e == EAGAIN || e == EINTR;
}

/* From one side to the other, as far as both go along. False when the connection is broken. */
static bool pass(struct side *from, struct side *to)
{
	for (int round = 0; round < ROUNDS; round++) {
		if (from->n == 0 && !from->ended) {
			ssize_t n = recv(from->fd, from->buffer, BUFFER, 0);
			if (n < 0)
				return in_vain(errno);
			from->ended = n == 0;
			from->at = 0;
			from->n = (size_t)n;
		}
		if (from->n > 0) {
			ssize_t n = send(to->fd, from->buffer + from->at, from->n, MSG_NOSIGNAL);
			if (n < 0)
				return in_vain(errno);
			from->at += (size_t)n;
			from->n -= (size_t)n;
		}
		if (from->n == 0 && from->ended) {
			if (!to->shut && shutdown(to->fd, SHUT_WR) < 0 && errno != ENOTCONN)
				return false;
			to->shut = true;
			return true;
		}
	}
	return true;
}

static void listen_on(struct loop *loop, struct side *own, const struct side *other)
{
	uint32_t events = (own->n == 0 && !own->ended ? EPOLLIN : 0U) | (other->n > 0 ? EPOLLOUT : 0U);

	loop_io_events(loop, own->io, events);
}

static void ready(void *data, uint32_t events)
{
	struct pair *pair = data;
	struct side *a = &pair->side[0], *b = &pair->side[1];

	if ((events & EPOLLERR) || !pass(a, b) || !pass(b, a) || (a->ended && b->ended && a->n + b->n == 0)) {
		pair_free(pair);
		return;
	}
	listen_on(pair->relay->loop, a, b);
	listen_on(pair->relay->loop, b, a);
}

static int connect_guest(const struct relay *relay)
{
	autoclose int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&relay->guest, sizeof relay->guest) < 0 && errno != EINPROGRESS)
		return -errno;
	return steal_fd(&fd);
}

static int pair_up(struct relay *relay, int fd)
{
	struct pair *pair = calloc(1, sizeof *pair);

	if (!pair) {
		close(fd);
		return -ENOMEM;
	}
	pair->relay = relay;
	pair->next = relay->pairs;
	relay->pairs = pair;
	relay->n++;
	pair->side[0].fd = fd;
	pair->side[1].fd = connect_guest(relay);
	for (int i = 0; i < 2 && pair->side[1].fd >= 0; i++)
		pair->side[i].io = loop_io_add(relay->loop, pair->side[i].fd, i ? EPOLLIN | EPOLLOUT : EPOLLIN, ready, pair);
	if (pair->side[0].io && pair->side[1].io)
		return 0;
	pair_free(pair);
	return -EIO;
}

/* All else that is sent to the port goes by the rules; while these are being put back, it is refused. */
static bool is_for_loopback(int fd)
{
	struct sockaddr_in6 own;
	socklen_t len = sizeof own;

	return getsockname(fd, (struct sockaddr *)&own, &len) == 0 && own.sin6_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&own.sin6_addr);
}

static void acceptable(void *data, uint32_t events)
{
	struct relay *relay = data;
	int fd = accept4(relay->held, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;

	(void)events;
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* when it lingers, it does not keep its port from us */
	if (relay->n >= MOST || !is_for_loopback(fd))
		close(fd);
	else if (pair_up(relay, fd) < 0)
		log_warn("a connection to ::1 could not be handed on");
}

struct relay *relay_new(struct loop *loop, int held, const struct nft_element *e, struct err *err)
{
	struct relay *relay = calloc(1, sizeof *relay);

	if (!relay) {
		err_nomem(err);
		return NULL;
	}
	*relay = (struct relay){ .loop = loop, .held = held };
	relay->guest =
		(struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = e->guest, .sin6_port = htons(e->target) };
	if (e->proto == IPPROTO_UDP)
		relay->udp = relay_udp_new(loop, held, &relay->guest, err);
	else
		relay->io = loop_io_add(loop, held, EPOLLIN, acceptable, relay);
	if (relay->io || relay->udp)
		return relay;
	err_sys(err, errno, "serve ::1 port %u of the host", (unsigned)e->port);
	free(relay);
	return NULL;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	while (relay->pairs)
		pair_free(relay->pairs);
	relay_udp_free(relay->udp);
	loop_io_remove(relay->loop, relay->io);
	free(relay);
}
