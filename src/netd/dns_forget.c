/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/dns_forget.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#define SERVER_PORT 547
#define DUID_MAX    130

enum { RELEASE = 8 };                                         /* message */
enum { CLIENT_ID = 1, SERVER_ID = 2, IA_NA = 3, IAADDR = 5 }; /* options */

struct dns_forget {
	const struct dns *dns;
	int fd;
	struct loop_io *io;
};

struct message {
	uint8_t *bytes;
	size_t n;
};

static void put(struct message *m, const void *data, size_t n)
{
	memcpy(m->bytes + m->n, data, n);
	m->n += n;
}

static void put_number(struct message *m, uint32_t number, size_t bytes)
{
	for (size_t i = bytes; i-- > 0;)
		m->bytes[m->n++] = (uint8_t)(number >> 8 * i);
}

static void put_option(struct message *m, uint16_t code, size_t n)
{
	put_number(m, code, 2);
	put_number(m, (uint32_t)n, 2);
}

/* "00:01:…"; 0: it is none. */
static size_t read_duid(const char *text, uint8_t ret[static DUID_MAX])
{
	size_t n = 0;
	unsigned byte;

	while (n < DUID_MAX && sscanf(text, "%2x", &byte) == 1) {
		ret[n++] = (uint8_t)byte;
		text += strcspn(text, ":");
		if (!*text++)
			return n;
	}
	return 0;
}

/* EXPIRES IAID ADDRESS NAME DUID; of IPv4 a hardware address stands in the second place. */
size_t dns_release(const char *line, const char *server, uint8_t ret[static DNS_RELEASE_MAX])
{
	uint8_t client_id[DUID_MAX], server_id[DUID_MAX];
	char iaid[16], address[INET6_ADDRSTRLEN], duid[3 * DUID_MAX + 1];
	struct message m = { ret, 0 };
	struct in6_addr addr;
	uint64_t number;
	size_t n, n_server = read_duid(server, server_id);

	if (sscanf(line, "%*s %15s %45s %*s %390s", iaid, address, duid) != 3 ||
	    str_uint(iaid, 0, UINT32_MAX, &number) < 0 || inet_pton(AF_INET6, address, &addr) != 1)
		return 0;
	n = read_duid(duid, client_id);
	if (!n || !n_server)
		return 0;
	put_number(&m, RELEASE, 1);
	put_number(&m, (uint32_t)number, 3); /* of the transaction: any */
	put_option(&m, CLIENT_ID, n);
	put(&m, client_id, n);
	put_option(&m, SERVER_ID, n_server);
	put(&m, server_id, n_server);
	put_option(&m, IA_NA, 12 + 4 + 24);
	put_number(&m, (uint32_t)number, 4);
	put_number(&m, 0, 4);
	put_number(&m, 0, 4);
	put_option(&m, IAADDR, 24);
	put(&m, &addr, sizeof addr);
	put_number(&m, 0, 4);
	put_number(&m, 0, 4);
	return m.n;
}

/* To the servers on the bridge, and no further than this host: the port next to it would have it too. */
static int open_socket(const struct dns *dns, struct sockaddr_in6 *to)
{
	int none = 0, sock = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*to = (struct sockaddr_in6){ .sin6_family = AF_INET6,
				     .sin6_port = htons(SERVER_PORT),
				     .sin6_scope_id = if_nametoindex(dns->bridge->name) };
	inet_pton(AF_INET6, "ff02::1:2", &to->sin6_addr);
	if (sock >= 0)
		setsockopt(sock, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &none, sizeof none);
	return sock;
}

static void release_all(const struct dns *dns)
{
	autofree char *text = NULL;
	autoclose int sock = -1;
	struct sockaddr_in6 to;
	char *rest, *line, *server;

	if (file_read_at(dns->dir, DNS_LEASES, 8 << 20, &text, NULL, NULL) < 0 || !(server = strstr(text, "duid ")))
		return;
	server = strtok_r(server + strlen("duid "), "\n", &rest);
	sock = open_socket(dns, &to);
	while (sock >= 0 && server && (line = strtok_r(NULL, "\n", &rest))) {
		uint8_t message[DNS_RELEASE_MAX];
		size_t n = dns_release(line, server, message);
		if (n && sendto(sock, message, n, 0, (const struct sockaddr *)&to, sizeof to) < 0)
			log_warn("a lease is not released: %s", strerror(errno));
	}
}

static void changed(void *data, uint32_t events)
{
	struct dns_forget *f = data;
	union {
		struct inotify_event event;
		uint8_t bytes[4096];
	} in;
	bool any = false;
	ssize_t n;

	(void)events;
	while ((n = read(f->fd, &in, sizeof in)) > 0) {
		for (size_t at = 0; at < (size_t)n;) {
			const struct inotify_event *e = (const void *)(in.bytes + at);
			any = any || !e->len || str_eq(e->name, DNS_LEASES);
			at += sizeof *e + e->len;
		}
	}
	if (any)
		release_all(f->dns);
}

struct dns_forget *dns_forget_new(const struct dns *dns, struct err *err)
{
	struct dns_forget *f = calloc(1, sizeof *f);

	if (!f) {
		err_nomem(err);
		return NULL;
	}
	f->dns = dns;
	f->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->fd >= 0 && inotify_add_watch(f->fd, dns->path, IN_MODIFY) >= 0)
		f->io = loop_io_add(dns->loop, f->fd, EPOLLIN, changed, f);
	if (!f->io) {
		err_sys(err, errno, "watch '%s'", dns->path);
		dns_forget_free(f);
		return NULL;
	}
	return f;
}

void dns_forget_free(struct dns_forget *f)
{
	if (!f)
		return;
	loop_io_remove(f->dns->loop, f->io);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}
