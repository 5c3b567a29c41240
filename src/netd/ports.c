/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/ports.h"
#include "netd/relay.h"

#define BACKLOG 128
#define DNS     53

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
static int keep_alone(int sock, bool serves)
{
	int off = 0;

	if (listen(sock, BACKLOG) < 0 || setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &off, sizeof off) < 0)
		return -errno;
	return serves || shutdown(sock, SHUT_RD) == 0 ? 0 : -errno;
}

/* Unless it serves, it is bound and not listening: to connect to it is refused. */
static int bind_one(const struct nft_element *e, const struct sockaddr *addr, socklen_t len, bool both, bool reuse)
{
	const bool serves = relay_wanted(e) && addr->sa_family == AF_INET6;
	const uint8_t proto = e->proto;
	autoclose int sock =
		socket(addr->sa_family, (proto == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, alone = !both, r;

	if (sock < 0)
		return -errno;
	if (proto == IPPROTO_UDP && !serves && refuse_all(sock) < 0)
		return -errno;
	if (addr->sa_family == AF_INET6 && setsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &alone, sizeof alone) < 0)
		return -errno;
	if (reuse && setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return -errno;
	if (bind(sock, addr, len) < 0)
		return -errno;
	r = proto == IPPROTO_TCP && (reuse || serves) ? keep_alone(sock, serves) : 0;
	return r < 0 ? r : steal_fd(&sock);
}

static int in_use(uint8_t proto, uint16_t port, struct err *err)
{
	const char *advice = "";
	char who[96];

	if (ports_holder(proto, port, who, sizeof who) < 0)
		return err_set(err, EADDRINUSE, "%s port %u of the host is in use", ports_proto(proto), (unsigned)port);
	if (port == DNS && str_ends(who, "(dnsmasq)"))
		advice = ": where that is the managed network's, an address of the host's other interfaces keeps the two "
			 "apart, as in udp:192.0.2.1:53:53";
	return err_set(err, EADDRINUSE, "%s port %u of the host is held by %s%s", ports_proto(proto), (unsigned)port, who,
		       advice);
}

/* A server that has ended leaves connections in TIME_WAIT: nobody's, but in the way of a plain bind. */
static int hold(const struct nft_element *e, const struct sockaddr *addr, socklen_t len, bool both, struct err *err)
{
	char who[96];
	int fd = bind_one(e, addr, len, both, false);

	if (fd == -EADDRINUSE && e->proto == IPPROTO_TCP && ports_holder(e->proto, e->port, who, sizeof who) < 0)
		fd = bind_one(e, addr, len, both, true);
	return fd == -EADDRINUSE ? in_use(e->proto, e->port, err) : fd;
}

static int hold4(const struct nft_element *e, struct err *err)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(e->port) };

	if (!nft_is_any(e))
		addr.sin_addr = nft_ipv4(&e->host);
	return hold(e, (const struct sockaddr *)&addr, sizeof addr, false, err);
}

static int hold6(const struct nft_element *e, bool both, struct err *err)
{
	const struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = e->host, .sin6_port = htons(e->port) };

	return hold(e, (const struct sockaddr *)&addr, sizeof addr, both, err);
}

/* One socket for both families, where the host has both. */
static int hold_all(const struct nft_element *e, struct err *err)
{
	int fd = hold6(e, true, err);

	return fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL ? hold4(e, err) : fd;
}

int ports_serve(int held, uint8_t proto, bool serve)
{
	int zero = 0;

	if (proto == IPPROTO_UDP && !serve)
		return refuse_all(held);
	if (proto == IPPROTO_UDP)
		return setsockopt(held, SOL_SOCKET, SO_DETACH_FILTER, &zero, sizeof zero) < 0 && errno != ENOENT ? -errno
														 : 0;
	if (serve)
		return listen(held, BACKLOG) < 0 ? -errno : 0;
	return shutdown(held, SHUT_RD) < 0 && errno != ENOTCONN ? -errno : 0; /* it does not listen */
}

bool ports_is6(int held)
{
	int domain = AF_UNSPEC;
	socklen_t len = sizeof domain;

	return getsockopt(held, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_INET6;
}

int ports_hold(const struct nft_element *e, struct err *err)
{
	int fd = nft_is6(e) ? hold6(e, false, err) : nft_is_any(e) && !e->four ? hold_all(e, err) : hold4(e, err);
	struct in_addr ipv4 = nft_ipv4(&e->host);
	char text[INET6_ADDRSTRLEN];

	if (fd == -EADDRNOTAVAIL)
		return err_set(err, EADDRNOTAVAIL, "%s is not an address of this host",
			       nft_is6(e) ? inet_ntop(AF_INET6, &e->host, text, sizeof text)
					  : inet_ntop(AF_INET, &ipv4, text, sizeof text));
	if (fd == -EMFILE)
		return err_set(err, EMFILE,
			       "hold %s port %u of the host: each port takes an open file, and mgr-netd can have no more",
			       ports_proto(e->proto), (unsigned)e->port);
	if (fd < 0 && fd != -EADDRINUSE)
		return err_sys(err, -fd, "hold %s port %u of the host", ports_proto(e->proto), (unsigned)e->port);
	return fd;
}
