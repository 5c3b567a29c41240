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
#include "netd/stream.h"

#define MOST 512 /* connections of a port at a time */

struct relay {
	struct loop *loop;
	int held;
	struct loop_io *io;
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} guest;
	socklen_t guest_len;
	bool only_loopback;
	struct stream_list streams;
	struct relay_udp *udp; /* of a udp port, instead */
	void (*asked)(void *data);
	void *data;
};

bool relay_wanted(const struct nft_element *e)
{
	return (nft_is_any(e) && !e->four) || IN6_IS_ADDR_LOOPBACK(&e->host);
}

static int connect_guest(const struct relay *relay)
{
	autoclose int fd = socket(relay->guest.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on); /* for connections that nothing is ever said on */
	if (connect(fd, &relay->guest.any, relay->guest_len) < 0 && errno != EINPROGRESS)
		return -errno;
	return steal_fd(&fd);
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
	autoclose int fd = accept4(relay->held, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int on = 1, to;

	(void)events;
	if (fd < 0 || relay->streams.n >= MOST)
		return;
	if (relay->only_loopback) {
		if (!is_for_loopback(fd))
			return;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
			   sizeof on); /* when it lingers, it does not keep its port from us */
	}
	to = connect_guest(relay);
	if (relay->asked)
		relay->asked(relay->data);
	if (to < 0 || stream_join(&relay->streams, steal_fd(&fd), to) < 0)
		log_warn("a connection could not be handed on to a container");
}

static struct relay *new_relay(struct loop *loop, int held, const struct in6_addr *guest, uint16_t port)
{
	struct relay *relay = calloc(1, sizeof *relay);

	if (!relay)
		return NULL;
	*relay = (struct relay){ .loop = loop, .held = held, .streams = { .loop = loop } };
	if (IN6_IS_ADDR_V4MAPPED(guest)) {
		relay->guest.four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		relay->guest.four.sin_addr = nft_ipv4(guest);
		relay->guest_len = sizeof relay->guest.four;
	} else {
		relay->guest.six =
			(struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = *guest, .sin6_port = htons(port) };
		relay->guest_len = sizeof relay->guest.six;
	}
	return relay;
}

struct relay *relay_new(struct loop *loop, int held, const struct nft_element *e, struct err *err)
{
	const struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = e->guest, .sin6_port = htons(e->target) };
	struct relay *relay = new_relay(loop, held, &e->guest, e->target);

	if (!relay) {
		err_nomem(err);
		return NULL;
	}
	relay->only_loopback = true;
	if (e->proto == IPPROTO_UDP)
		relay->udp = relay_udp_new(loop, held, &six, err);
	else
		relay->io = loop_io_add(loop, held, EPOLLIN, acceptable, relay);
	if (relay->io || relay->udp)
		return relay;
	err_sys(err, errno, "serve ::1 port %u of the host", (unsigned)e->port);
	free(relay);
	return NULL;
}

struct relay *relay_new_unix(struct loop *loop, int held, const struct in6_addr *guest, uint16_t port, struct err *err)
{
	struct relay *relay = new_relay(loop, held, guest, port);

	if (relay)
		relay->io = loop_io_add(loop, held, EPOLLIN, acceptable, relay);
	if (relay && relay->io)
		return relay;
	err_sys(err, errno, "serve a unix socket");
	free(relay);
	return NULL;
}

void relay_tell(struct relay *relay, void (*fn)(void *data), void *data)
{
	relay->asked = fn;
	relay->data = data;
}

void relay_free(struct relay *relay)
{
	if (!relay)
		return;
	stream_list_end(&relay->streams);
	relay_udp_free(relay->udp);
	loop_io_remove(relay->loop, relay->io);
	free(relay);
}
