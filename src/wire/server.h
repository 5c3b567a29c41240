/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answering side of the control protocol, on base/loop: a listening socket, its clients, and a table of requests. No
 * client can block it: one that does not take what it is sent is dropped. */
#ifndef MGR_WIRE_SERVER_H
#define MGR_WIRE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "wire/wire.h"

struct wire_server;

struct wire_client {
	struct wire_server *server;
	int sock;
	bool watching;      /* wire_server_tell reaches it */
	enum wire_type due; /* the request whose answer it waits for: wire_server_answer reaches it; 0: none */
	void *data;         /* the owner's */
	struct loop_io *io;
	struct wire_client *next;
};

/* One kind of request. The payload has a length within [min, max] when handle is called. handle answers with
 * wire_client_send, at once or later, and returns 0; or it returns -errno with err, which becomes the answer. */
struct wire_request {
	enum wire_type type;
	uint32_t min, max;
	int (*handle)(struct wire_client *client, const void *payload, size_t len, struct err *err);
};

struct wire_server {
	const struct wire_request *requests; /* ends with type 0 */
	size_t max_clients;
	void (*closed)(struct wire_client *client); /* NULL, or called before a client is freed */
	/* NULL, or called when a client can be sent more, which wire_client_await_room asked to be told. */
	void (*writable)(struct wire_client *client);
	void *data; /* the owner's */

	/* private */
	struct loop *loop;
	int listener; /* not owned */
	struct loop_io *io;
	struct loop_timer retry;
	size_t n_clients;
	struct wire_client *clients;
};

/* Serve the (non-blocking) listening socket. The fields above "private" are set; the struct must not move afterwards. */
int wire_server_start(struct wire_server *server, struct loop *loop, int listener, struct err *err);
/* Drop every client and stop. The listening socket stays open. */
void wire_server_stop(struct wire_server *server);

/* Take over a connection that is there already (owned from now on, also on failure). NULL when out of memory or room. */
struct wire_client *wire_server_adopt(struct wire_server *server, int sock);
/* Handle what clients have sent already, some packets of each, without the loop. */
void wire_server_hear(struct wire_server *server);

/* Send without waiting; a client that cannot take it is dropped from the loop soon after (not within the call). 0 or
 * -errno. */
int wire_client_send(struct wire_client *client, enum wire_type type, const void *payload, size_t len, const int *fds,
		     size_t n);
/* Be told, or no longer, when there is room to send it more. */
void wire_client_await_room(struct wire_client *client, bool room);
/* Answer with an error. */
int wire_client_refuse(struct wire_client *client, enum wire_type type, const struct err *why);
/* Answer every client whose answer to such a request is due: without payload, or why it could not be done. */
void wire_server_answer(struct wire_server *server, enum wire_type due, const struct err *why);
/* Send to every client that is watching. */
void wire_server_tell(struct wire_server *server, enum wire_type type, const void *payload, size_t len);

#endif
