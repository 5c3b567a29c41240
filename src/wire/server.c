/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

#define HEAR_AT_ONCE 8
#define RETRY_ACCEPT (100 * CLOCK_MS)

static void drop(struct wire_client *client)
{
	struct wire_server *server = client->server;
	struct wire_client **p = &server->clients;

	if (server->closed)
		server->closed(client);
	while (*p != client)
		p = &(*p)->next;
	*p = client->next;
	server->n_clients--;
	loop_io_remove(server->loop, client->io);
	close(client->sock);
	free(client);
}

int wire_client_send(struct wire_client *client, enum wire_type type, const void *payload, size_t len, const int *fds,
		     size_t n)
{
	int r = wire_send(client->sock, type, 0, payload, len, fds, n, NULL);

	/* The loop then sees it hang up, and frees it where nobody holds a pointer to it. */
	if (r < 0)
		shutdown(client->sock, SHUT_RDWR);
	return r;
}

int wire_client_refuse(struct wire_client *client, enum wire_type type, const struct err *why)
{
	int r = wire_send(client->sock, type, why->code ? why->code : EIO, why->msg, strlen(why->msg), NULL, 0, NULL);

	if (r < 0)
		shutdown(client->sock, SHUT_RDWR);
	return r;
}

void wire_server_answer(struct wire_server *server, enum wire_type due, const struct err *why)
{
	for (struct wire_client *c = server->clients; c; c = c->next) {
		if (c->due != due)
			continue;
		c->due = 0;
		if (why)
			wire_client_refuse(c, due, why);
		else
			wire_client_send(c, due, NULL, 0, NULL, 0);
	}
}

void wire_server_tell(struct wire_server *server, enum wire_type type, const void *payload, size_t len)
{
	for (struct wire_client *c = server->clients; c; c = c->next)
		if (c->watching)
			wire_client_send(c, type, payload, len, NULL, 0);
}

static const struct wire_request *find(const struct wire_server *server, unsigned type)
{
	for (const struct wire_request *q = server->requests; q->type; q++)
		if (q->type == type)
			return q;
	return NULL;
}

static int handle(struct wire_client *client, const struct wire_head *head, const void *payload, struct err *err)
{
	const struct wire_request *q = find(client->server, head->type);

	if (!q)
		return err_set(err, EOPNOTSUPP, "no such request: %u", (unsigned)head->type);
	if (head->length < q->min || head->length > q->max)
		return err_set(err, EBADMSG, "a request of this type does not have %u bytes", (unsigned)head->length);
	return q->handle(client, payload, head->length, err);
}

/* A packet, in place: payload aligned for any struct of wire/. Too large for a stack that should stay small, and used by
 * one packet at a time; pages that no packet reaches are never touched. */
static union {
	uint64_t align;
	struct wire_head head;
	uint8_t bytes[WIRE_MAX];
} packet;

static void readable(void *data, uint32_t events)
{
	struct wire_client *client = data;
	struct err err = { 0 };
	struct wire_head head;
	void *map;

	if (events & EPOLLOUT && client->server->writable)
		client->server->writable(client);
	int r = wire_take_request(client->sock, &packet, sizeof packet, &head, &map);
	if (r == -EAGAIN)
		return;
	if (r == -EPROTONOSUPPORT)
		err_set(&err, EPROTONOSUPPORT, "version %u of the protocol is not spoken here: this is version %u",
			(unsigned)head.version, (unsigned)WIRE_VERSION);
	else if (r < 0) {
		drop(client);
		return;
	} else {
		r = handle(client, &head, map ? map : packet.bytes + sizeof head, &err);
		if (map)
			munmap(map, head.length);
		if (r >= 0)
			return;
	}
	wire_client_refuse(client, head.type, &err);
}

void wire_client_await_room(struct wire_client *client, bool room)
{
	loop_io_events(client->server->loop, client->io, EPOLLIN | (room ? EPOLLOUT : 0));
}

struct wire_client *wire_server_adopt(struct wire_server *server, int sock)
{
	struct wire_client *client = server->n_clients < server->max_clients ? calloc(1, sizeof *client) : NULL;

	if (!client) {
		close(sock);
		return NULL;
	}
	*client = (struct wire_client){ .server = server, .sock = sock, .next = server->clients };
	fd_set_nonblock(sock);
	client->io = loop_io_add(server->loop, sock, EPOLLIN, readable, client);
	if (!client->io) {
		close(sock);
		free(client);
		return NULL;
	}
	server->clients = client;
	server->n_clients++;
	return client;
}

void wire_server_hear(struct wire_server *server)
{
	struct wire_client *next;

	for (struct wire_client *c = server->clients; c; c = next) {
		struct pollfd p = { .fd = c->sock, .events = POLLIN };
		next = c->next; /* it may be dropped */
		for (unsigned n = 0; n < HEAR_AT_ONCE && poll(&p, 1, 0) == 1 && p.revents == POLLIN; n++)
			readable(c, POLLIN);
	}
}

static void acceptable(void *data, uint32_t events)
{
	struct wire_server *server = data;
	int sock = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (sock < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		/* Out of descriptors or memory: the socket stays readable, so look again later instead of spinning. */
		log_warn("accept a control connection: %s", strerror(errno));
		loop_io_events(server->loop, server->io, 0);
		loop_timer_start(server->loop, &server->retry, clock_in(RETRY_ACCEPT));
		return;
	}
	if (wire_peer_is_root(sock))
		wire_server_adopt(server, sock);
	else
		close(sock);
}

static void retry(void *data)
{
	struct wire_server *server = data;

	loop_io_events(server->loop, server->io, EPOLLIN);
}

int wire_server_start(struct wire_server *server, struct loop *loop, int listener, struct err *err)
{
	int r = fd_set_nonblock(listener);

	server->loop = loop;
	server->listener = listener;
	server->retry = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = retry, .data = server };
	server->io = r < 0 ? NULL : loop_io_add(loop, listener, EPOLLIN, acceptable, server);
	return server->io ? 0 : err_sys(err, r < 0 ? -r : errno, "watch the control socket");
}

void wire_server_stop(struct wire_server *server)
{
	while (server->clients)
		drop(server->clients);
	if (!server->io)
		return;
	loop_timer_stop(server->loop, &server->retry);
	loop_io_remove(server->loop, server->io);
	server->io = NULL;
}
