/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to mgr-netd, which stands for the container's part in the managed network. When it breaks, the first
 * supervisor to notice starts mgr-netd again; each then sends what it sent before. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/net.h"
#include "store/store.h"
#include "supervisor/supervisor.h"

#define JOIN_PATIENCE CLOCK_SECOND
#define AGAIN_LEAST   (20 * CLOCK_MS)
#define AGAIN_MOST    (5 * CLOCK_SECOND)

static void again_later(struct supervisor *s)
{
	struct netd_link *l = &s->netd;
	uint64_t after = AGAIN_LEAST << (l->failures < 8 ? l->failures : 8);

	l->failures++;
	loop_timer_start(s->loop, &l->again, clock_in(after < AGAIN_MOST ? after : AGAIN_MOST));
}

static void close_link(struct supervisor *s)
{
	loop_io_remove(s->loop, s->netd.io);
	if (s->netd.sock >= 0)
		close(s->netd.sock);
	s->netd.io = NULL;
	s->netd.sock = -1;
	s->netd.dozes = 0;
}

static void broken(struct supervisor *s, const char *why)
{
	struct err err = { 0 };

	log_warn("network: %s", why);
	close_link(s);
	s->netd.joining = false;
	again_later(s);
	err_set(&err, ECONNRESET, "the network's service has ended: try again");
	forward_answered(s, &err);
	device_go_on(s);
}

/* A refusal's message is the payload. */
static void take_answer(struct supervisor *s, const struct wire_head *head, const char *text)
{
	struct err err = { 0 };

	if (head->code)
		err_set(&err, head->code, "%.*s", (int)head->length, text);
	if (head->type == WIRE_NET_FORWARD) {
		forward_answered(s, head->code ? &err : NULL);
	} else if (head->type == WIRE_NET_DOZE) { /* one that knows no such thing does without */
		doze_answered(s);
	} else if (head->code) {
		broken(s, err.msg);
		return;
	} else {
		s->netd.failures = 0;
		s->netd.joining = false;
		log_info("network: joined again");
		doze_tell(s);
	}
	device_go_on(s);
}

/* The answer to a join that was sent again or to a change, or the end of the connection. */
static void readable(void *data, uint32_t events)
{
	struct supervisor *s = data;
	struct {
		struct wire_head head;
		char text[512];
	} packet;
	struct wire_head head;
	int r = wire_take(s->netd.sock, &packet, sizeof packet, &head);

	(void)events;
	if (r >= 0)
		take_answer(s, &head, packet.text);
	else if (r != -EAGAIN)
		broken(s, r == -ECONNRESET ? "the other side closed the connection" : "the answer is malformed");
}

static int watch_link(struct supervisor *s)
{
	s->netd.io = loop_io_add(s->loop, s->netd.sock, EPOLLIN, readable, s);
	return s->netd.io ? 0 : -errno;
}

static void join_again(void *data)
{
	struct supervisor *s = data;
	autocall(store_done) struct store store = { 0 };
	struct err err = { 0 };

	if (store_open(&store, s->path[0] ? s->path : NULL, &err) >= 0)
		s->netd.sock = net_join(&store, s->netd.join, clock_in(JOIN_PATIENCE), &err);
	s->netd.joining = s->netd.sock >= 0 && watch_link(s) >= 0;
	if (s->netd.joining)
		return;
	log_warn("network: join again: %s", err.msg);
	close_link(s);
	again_later(s);
}

int netd_start(struct supervisor *s, struct err *err)
{
	s->netd.again = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = join_again, .data = s };
	if (s->netd.join_len == 0)
		return 0;
	if (s->netd.sock < 0) {
		again_later(s);
		return 0;
	}
	return watch_link(s) < 0 ? err_sys(err, errno, "watch the connection to mgr-netd") : 0;
}

bool netd_is_idle(const struct supervisor *s)
{
	return !s->netd.changing && !s->netd.joining && !s->netd.dozes;
}

int netd_lend(struct supervisor *s)
{
	loop_timer_stop(s->loop, &s->netd.again);
	loop_io_remove(s->loop, s->netd.io);
	s->netd.io = NULL;
	return s->netd.sock;
}

static void hear_again(struct supervisor *s)
{
	if (s->netd.join_len && (s->netd.sock < 0 || watch_link(s) < 0)) {
		close_link(s);
		again_later(s);
	} else if (!s->netd.join_len) {
		close_link(s);
	} else {
		doze_tell(s);
	}
}

void netd_take_back_as_it_was(struct supervisor *s)
{
	hear_again(s);
}

/* The old descriptor last: if that is another connection, mgr-netd knows by now that it does not stand for the container. */
void netd_take_back(struct supervisor *s, int sock, const void *join, uint32_t len, int file)
{
	struct err err = { 0 };
	size_t own = 0;
	struct wire_net_join *now = len ? wire_join_unstow(join, len, file, &own, &err) : NULL;

	if (len && !now) {
		log_error("network: %s", err.msg);
	} else {
		free(s->netd.join);
		s->netd.join = now;
		s->netd.join_len = own;
	}
	close_link(s);
	s->netd.sock = sock;
	hear_again(s);
}

void netd_stop(struct supervisor *s)
{
	struct err err = { 0 };

	err_set(&err, ESRCH, "the container has stopped meanwhile");
	forward_answered(s, &err);
	loop_timer_stop(s->loop, &s->netd.again);
	close_link(s);
}
