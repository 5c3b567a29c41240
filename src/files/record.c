/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "files/internal.h"

int packet_send(int sock, struct packet *p, uint64_t patience)
{
	int r = fd_wait(sock, POLLOUT, clock_in(patience));

	return r < 0 ? r : fd_send(sock, p, offsetof(struct packet, body) + p->n, NULL, 0);
}

int packet_receive(int sock, struct packet *p, uint64_t patience)
{
	int r = fd_wait(sock, POLLIN, clock_in(patience));
	ssize_t got;

	if (r < 0)
		return r;
	got = fd_recv(sock, p, offsetof(struct packet, body) + FILES_BODY, NULL, 0, NULL);
	if (got == 0)
		return -ECONNRESET;
	if (got < 0)
		return (int)got;
	if ((size_t)got < offsetof(struct packet, body))
		return -EPROTO;
	p->n = (size_t)got - offsetof(struct packet, body);
	p->body[p->n] = '\0';
	return p->head.name > p->n ? -EPROTO : 0;
}
