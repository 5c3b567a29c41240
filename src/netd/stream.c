/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS    8 /* of one, before others have their turn */
#define PIPE_SIZE (256 << 10)

/* What has come from it and has not gone to the other one is in its pipe. */
struct side {
	int fd, pipe[2];
	size_t n;
	struct loop_io *io; /* NULL: there is nothing to wait for */
	uint32_t events;
	bool ended; /* nothing more comes from it */
	bool shut;  /* it has been told that nothing more comes */
};

struct stream {
	struct stream_list *list;
	struct side side[2]; /* who asked; who is asked */
	struct stream *next, **at;
};

static void done(struct loop *loop, struct side *side)
{
	loop_io_remove(loop, side->io);
	for (int i = 0; i < 2; i++)
		if (side->pipe[i] >= 0)
			close(side->pipe[i]);
	close(side->fd);
}

static void stream_free(struct stream *s)
{
	*s->at = s->next;
	if (s->next)
		s->next->at = s->at;
	s->list->n--;
	done(s->list->loop, &s->side[0]);
	done(s->list->loop, &s->side[1]);
	free(s);
}

static bool in_vain(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* shutdown(2) would put an end to that (inet_shutdown() in the kernel's net/ipv4/af_inet.c). */
static bool still_connects(const struct side *side)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;

	return getpeername(side->fd, (struct sockaddr *)&peer, &len) < 0 && errno == ENOTCONN;
}

/* From one side to the other, as far as both go along. False when the connection is broken. */
static bool pass(struct side *from, struct side *to)
{
	for (int round = 0; round < ROUNDS; round++) {
		ssize_t n;
		if (from->n == 0 && !from->ended) {
			n = splice(from->fd, NULL, from->pipe[1], NULL, PIPE_SIZE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
			if (n < 0)
				return in_vain(n);
			from->ended = n == 0;
			from->n = (size_t)n;
		}
		if (from->n > 0) {
			n = splice(from->pipe[0], NULL, to->fd, NULL, from->n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
			if (n < 0)
				return in_vain(n);
			from->n -= (size_t)n;
		}
		if (from->n == 0 && from->ended) {
			if (!to->shut && still_connects(to))
				return true;
			if (!to->shut && shutdown(to->fd, SHUT_WR) < 0 && errno != ENOTCONN)
				return false;
			to->shut = true;
			return true;
		}
	}
	return true;
}

static void ready(void *data, uint32_t events);

/* Who waits for nothing is not watched at all: that its connection has ended would be told over and over. */
static bool wait_for(struct stream *s, struct side *own, const struct side *other)
{
	struct loop *loop = s->list->loop;
	const bool tell = other->n > 0 || (other->ended && !own->shut);
	uint32_t events = (own->n == 0 && !own->ended ? EPOLLIN : 0U) | (tell ? EPOLLOUT : 0U);

	if (events == own->events)
		return true;
	own->events = events;
	if (own->io && events)
		return loop_io_events(loop, own->io, events) >= 0;
	loop_io_remove(loop, own->io);
	own->io = events ? loop_io_add(loop, own->fd, events, ready, s) : NULL;
	return own->io || !events;
}

static void ready(void *data, uint32_t events)
{
	struct stream *s = data;
	struct side *a = &s->side[0], *b = &s->side[1];

	if ((events & EPOLLERR) || !pass(a, b) || !pass(b, a) || (a->ended && b->ended && a->n + b->n == 0) ||
	    !wait_for(s, a, b) || !wait_for(s, b, a))
		stream_free(s);
}

static int begin(struct stream *s, struct side *side, uint32_t events)
{
	if (pipe2(side->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	fcntl(side->pipe[1], F_SETPIPE_SZ, PIPE_SIZE); /* a smaller one will do */
	side->events = events;
	side->io = loop_io_add(s->list->loop, side->fd, events, ready, s);
	return side->io ? 0 : -errno;
}

int stream_join(struct stream_list *list, int from, int to)
{
	struct stream *s = calloc(1, sizeof *s);
	int r;

	if (!s) {
		close(from);
		close(to);
		return -ENOMEM;
	}
	s->list = list;
	s->side[0] = (struct side){ .fd = from, .pipe = { -1, -1 } };
	s->side[1] = (struct side){ .fd = to, .pipe = { -1, -1 } };
	s->next = list->first;
	s->at = &list->first;
	if (s->next)
		s->next->at = &s->next;
	list->first = s;
	list->n++;
	r = begin(s, &s->side[0], EPOLLIN);
	if (r >= 0)
		r = begin(s, &s->side[1], EPOLLIN | EPOLLOUT);
	if (r < 0)
		stream_free(s);
	return r;
}

void stream_list_end(struct stream_list *list)
{
	while (list->first)
		stream_free(list->first);
}
