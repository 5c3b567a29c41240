/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ready = port:N: does anything in the container's network listen there? Asked of the kernel by sock_diag(7), over a socket
 * that was made in there: it answers about LISTEN sockets of that port alone, however many others there are. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "supervisor/supervisor.h"

#define TCP_LISTEN 0x0A /* net/tcp_states.h of the kernel */

static int ask(const struct supervisor *s)
{
	/* the older request: it means every address family at once (inet_diag_dump_compat in net/ipv4/inet_diag.c) */
	const struct {
		struct nlmsghdr head;
		struct inet_diag_req req;
	} msg = {
		.head = { .nlmsg_len = sizeof msg,
			  .nlmsg_type = TCPDIAG_GETSOCK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.req = { .id = { .idiag_sport = htons(s->ready_port) }, .idiag_states = 1U << TCP_LISTEN },
	};

	return send(s->diag, &msg, sizeof msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* One datagram of the answer: 1 when it names a socket, 0 when it does not, -errno of the kernel's. */
static int read_answer(const void *bytes, size_t n)
{
	const struct nlmsghdr *h = bytes;

	for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		const struct nlmsgerr *e = NLMSG_DATA(h);
		if (h->nlmsg_type == TCPDIAG_GETSOCK)
			return 1;
		if (h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof *e) && e->error)
			return e->error;
	}
	return 0;
}

int port_listens(const struct supervisor *s)
{
	_Alignas(struct nlmsghdr) char buf[4096];
	int found = 0, r = ask(s);
	ssize_t n;

	/* to its end: what is left would be taken for the next answer */
	while (r >= 0 && (n = recv(s->diag, buf, sizeof buf, MSG_DONTWAIT)) > 0) {
		r = read_answer(buf, (size_t)n);
		found |= r > 0;
	}
	return r < 0 ? r : found;
}
