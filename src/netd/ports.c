/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"

const char *ports_proto(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "tcp" : "udp";
}

/* Nothing is ever read: what no rule has sent elsewhere is not queued either. */
static int refuse_all(int sock)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &drop };

	return setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ? -errno : 0;
}

/* What was bound beside connections that linger can have others bound beside it too. To listen puts an end to that for the
 * port (inet_csk_listen_start() in the kernel's net/ipv4/inet_connection_sock.c), and it stays bound when it listens no
 * more.
 */
static int keep_alone(int sock)
{
	int off = 0;

	if (setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &off, sizeof off) < 0 || listen(sock, 0) < 0 ||
	    shutdown(sock, SHUT_RD) < 0)
		return -errno;
	return 0;
}

/* Bound and not listening: to connect to it is refused. */
static int bind_one(uint8_t proto, const struct sockaddr *addr, socklen_t len, bool reuse)
{
	autoclose int sock = socket(addr->sa_family, (proto == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	int on = 1, off = 0, r;

	if (sock < 0)
		return -errno;
	if (proto == IPPROTO_UDP && refuse_all(sock) < 0)
		return -errno;
	if (addr->sa_family == AF_INET6 && setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
		return -errno;
	if (reuse && setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return -errno;
	if (bind(sock, addr, len) < 0)
		return -errno;
	r = reuse ? keep_alone(sock) : 0;
	return r < 0 ? r : steal_fd(&sock);
}

static int in_use(uint8_t proto, uint16_t port, struct err *err)
{
	char who[96];

	if (ports_holder(proto, port, who, sizeof who) < 0)
		return err_set(err, EADDRINUSE, "%s port %u of the host is in use", ports_proto(proto), (unsigned)port);
	return err_set(err, EADDRINUSE, "%s port %u of the host is held by %s", ports_proto(proto), (unsigned)port, who);
}

/* A server that has ended leaves connections in TIME_WAIT: nobody's, but in the way of a plain bind. */
static int hold(uint8_t proto, uint16_t port, const struct sockaddr *addr, socklen_t len, struct err *err)
{
	char who[96];
	int fd = bind_one(proto, addr, len, false);

	if (fd == -EADDRINUSE && proto == IPPROTO_TCP && ports_holder(proto, port, who, sizeof who) < 0)
		fd = bind_one(proto, addr, len, true);
	return fd == -EADDRINUSE ? in_use(proto, port, err) : fd;
}

static int hold_one(uint8_t proto, struct in_addr host, uint16_t port, struct err *err)
{
	const struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr = host, .sin_port = htons(port) };

	return hold(proto, port, (const struct sockaddr *)&addr, sizeof addr, err);
}

/* One socket for both families, where the host has both. */
static int hold_all(uint8_t proto, uint16_t port, struct err *err)
{
	const struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	const struct in_addr any = { .s_addr = INADDR_ANY };
	int fd = hold(proto, port, (const struct sockaddr *)&addr, sizeof addr, err);

	return fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL ? hold_one(proto, any, port, err) : fd;
}

int ports_hold(uint8_t proto, struct in_addr host, uint16_t port, struct err *err)
{
	int fd = host.s_addr ? hold_one(proto, host, port, err) : hold_all(proto, port, err);
	char text[INET_ADDRSTRLEN];

	if (fd == -EADDRNOTAVAIL)
		return err_set(err, EADDRNOTAVAIL, "%s is not an address of this host",
			       inet_ntop(AF_INET, &host, text, sizeof text));
	if (fd < 0 && fd != -EADDRINUSE)
		return err_sys(err, -fd, "hold %s port %u of the host", ports_proto(proto), (unsigned)port);
	return fd;
}
