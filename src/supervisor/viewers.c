/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Those who look at a terminal, one of them typing. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/console.h"
#include "supervisor/supervisor.h"
#include "wire/console.h"

#define VIEWERS_MOST (HANDOVER_CLIENTS * 3 / 4) /* of all terminals: others must get through, too */
#define REST_MOST    (1 << 20)                  /* bytes that one who is slow gets at the end */

static bool behind(const struct viewer *v)
{
	return v->at < v->console->ring.end;
}

/* The kernel says so while no more than a quarter of what the socket holds is waiting (unix_writable() in its
 * net/unix/af_unix.c): what else is sent there, the end of the run for one, always has room. */
static bool has_room(const struct viewer *v)
{
	struct pollfd p = { .fd = v->client->sock, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && p.revents & POLLOUT;
}

/* Say that what stands before this position is missing. */
static int skip_to(struct viewer *v, uint64_t to)
{
	const struct wire_console_gap gap = { .bytes = to - v->at };
	int r = wire_send(v->client->sock, WIRE_CONSOLE_GAP, 0, &gap, sizeof gap, NULL, 0, NULL);

	if (r == 0)
		v->at = to;
	return r;
}

/* So far behind the end that it will not be missing again at once. */
static uint64_t place_to_go_on(const struct tty_ring *ring)
{
	const uint64_t middle = ring->end > ring->size / 2 ? ring->end - ring->size / 2 : 0;
	const uint64_t begin = tty_ring_begin(ring);

	return middle > begin ? middle : begin;
}

static int send_some(struct viewer *v)
{
	const struct tty_ring *ring = &v->console->ring;
	char bytes[WIRE_CONSOLE_MOST];
	size_t n;
	int r;

	if (v->at < tty_ring_begin(ring))
		return skip_to(v, place_to_go_on(ring));
	n = tty_ring_read(ring, v->at, bytes, sizeof bytes);
	if (n == 0)
		return -EIO;
	r = wire_send(v->client->sock, WIRE_CONSOLE_DATA, 0, bytes, n, NULL, 0, NULL);
	if (r == 0)
		v->at += n;
	return r;
}

static void show(struct viewer *v)
{
	int r = 0;

	while (r == 0 && behind(v) && has_room(v))
		r = send_some(v);
	if (r < 0 && r != -EAGAIN)
		shutdown(v->client->sock, SHUT_RDWR); /* the loop then drops it */
	wire_client_await_room(v->client, behind(v));
}

void viewers_show(struct console *c)
{
	for (struct viewer *v = c->viewers; v; v = v->next)
		show(v);
}

void viewers_taken(struct console *c, size_t n)
{
	struct viewer *v = c->writer;

	if (!v)
		return;
	v->taken += (uint32_t)n;
	if (v->taken < WIRE_CONSOLE_STEP)
		return;
	const struct wire_console_taken taken = { .bytes = v->taken };
	v->taken = 0;
	wire_client_send(v->client, WIRE_CONSOLE_TAKEN, &taken, sizeof taken, NULL, 0);
}

/* What stands in its socket it can read when we are no more: room for all that is left, so that nobody waits for it. */
static void send_rest(struct viewer *v)
{
	const struct tty_ring *ring = &v->console->ring;
	const uint64_t last = ring->end > REST_MOST ? ring->end - REST_MOST : 0;
	const uint64_t begin = tty_ring_begin(ring) > last ? tty_ring_begin(ring) : last;
	const int room = 4 * REST_MOST; /* counted with what the kernel needs itself */
	int r = 0;

	if (setsockopt(v->client->sock, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) < 0)
		(void)setsockopt(v->client->sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	if (v->at < begin)
		r = skip_to(v, begin);
	while (r == 0 && behind(v))
		r = send_some(v);
}

void viewers_end(struct supervisor *s)
{
	for (unsigned i = 0; i < s->n_consoles; i++)
		for (struct viewer *v = s->consoles[i].viewers; v; v = v->next)
			if (behind(v))
				send_rest(v);
}

void viewers_writable(struct wire_client *client)
{
	if (client->data)
		show(client->data);
}

void viewers_closed(struct wire_client *client)
{
	struct viewer *v = client->data, **p;
	struct console *c;

	if (!v)
		return;
	c = v->console;
	for (p = &c->viewers; *p != v; p = &(*p)->next)
		;
	*p = v->next;
	if (c->writer == v) {
		c->writer = NULL;
		console_release(c);
	}
	client->data = NULL;
	free(v);
}

/* A history that begins in the middle of a line begins with the next one. */
static uint64_t history(const struct console *c)
{
	const struct tty_ring *ring = &c->ring;
	const uint64_t begin = tty_ring_begin(ring);
	char bytes[1024];
	const char *end;

	if (!c->s->history)
		return ring->end;
	if (begin == 0)
		return 0;
	size_t n = tty_ring_read(ring, begin, bytes, sizeof bytes);
	end = memchr(bytes, '\n', n);
	return end ? begin + (uint64_t)(end + 1 - bytes) : begin;
}

static struct viewer *add(struct console *c, struct wire_client *client, uint64_t at)
{
	struct viewer *v = calloc(1, sizeof *v);

	if (!v)
		return NULL;
	*v = (struct viewer){ .console = c, .client = client, .at = at, .next = c->viewers };
	c->viewers = v;
	client->data = v;
	return v;
}

static size_t count(const struct supervisor *s)
{
	size_t n = 0;

	for (unsigned i = 0; i < s->n_consoles; i++)
		for (const struct viewer *v = s->consoles[i].viewers; v; v = v->next)
			n++;
	return n;
}

static int refuse_writer(const struct viewer *writer, struct err *err)
{
	struct ucred who = { 0 };
	socklen_t len = sizeof who;

	(void)getsockopt(writer->client->sock, SOL_SOCKET, SO_PEERCRED, &who, &len);
	return err_set(err, EBUSY, "process %d has it already: --watch looks on", (int)who.pid);
}

static int find(struct supervisor *s, const struct wire_client *client, const struct wire_console *ask, struct console **ret,
		struct err *err)
{
	if (client->data)
		return err_set(err, EALREADY, "the connection is a terminal's already");
	if (ask->tty >= s->n_consoles)
		return err_set(err, ENXIO, "there is no terminal %u: %s%u%s", ask->tty,
			       s->n_consoles > 1 ? "they are 0 to " : "tty.max is ", s->n_consoles ? s->n_consoles - 1 : 0,
			       s->n_consoles > 1 ? ", by tty.max" : "");
	*ret = &s->consoles[ask->tty];
	if (!(ask->flags & WIRE_CONSOLE_WATCH) && (*ret)->writer)
		return refuse_writer((*ret)->writer, err);
	return count(s) < VIEWERS_MOST ? 0 : err_set(err, EUSERS, "%u look at its terminals already", VIEWERS_MOST);
}

int viewers_open(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct supervisor *s = client->server->data;
	struct wire_console_opened opened = { .ttys = s->n_consoles ? s->n_consoles - 1 : 0 };
	struct wire_console ask;
	struct console *c = NULL;
	struct viewer *v;
	int r;

	memcpy(&ask, payload, len);
	r = find(s, client, &ask, &c, err);
	if (r < 0)
		return r;
	v = add(c, client, history(c));
	if (!v)
		return err_nomem(err);
	opened.history = c->ring.end - v->at;
	wire_client_send(client, WIRE_CONSOLE, &opened, sizeof opened, NULL, 0);
	if (!(ask.flags & WIRE_CONSOLE_WATCH)) {
		c->writer = v;
		console_resize(c, ask.rows, ask.cols);
	}
	show(v);
	return 0;
}

/* The terminal that this client may type on. */
static struct console *written_by(const struct wire_client *client, struct err *err)
{
	const struct viewer *v = client->data;

	if (v && v->console->writer == v)
		return v->console;
	err_set(err, EPERM, "looks on only");
	return NULL;
}

int viewers_type(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct console *c = written_by(client, err);

	if (!c)
		return -EPERM;
	console_type(c, payload, len);
	return 0;
}

int viewers_resize(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct console *c = written_by(client, err);
	struct wire_console_size size;

	if (!c)
		return -EPERM;
	memcpy(&size, payload, len);
	console_resize(c, size.rows, size.cols);
	return 0;
}

void viewers_give(const struct wire_client *client, struct handover_viewer *ret)
{
	const struct viewer *v = client->data;

	if (v)
		*ret = (struct handover_viewer){
			.open = 1, .tty = v->console->tty, .writes = v->console->writer == v, .taken = v->taken, .at = v->at
		};
}

void viewers_adopt(struct wire_client *client, const struct handover_viewer *from)
{
	struct supervisor *s = client->server->data;
	struct viewer *v;

	if (!from->open)
		return;
	v = from->tty < s->n_consoles ? add(&s->consoles[from->tty], client, from->at) : NULL;
	if (!v) { /* the configuration has fewer terminals than before */
		shutdown(client->sock, SHUT_RDWR);
		return;
	}
	v->taken = from->taken;
	if (v->at > v->console->ring.end)
		v->at = v->console->ring.end;
	if (from->writes)
		v->console->writer = v;
	show(v);
}
