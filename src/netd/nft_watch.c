/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/nft.h"
#include "netd/nft_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/str.h"

#define SETTLE         (20 * CLOCK_MS) /* `nft flush ruleset` is many messages */
#define RECEIVE_BUFFER (4 << 20)

struct nft_watch {
	char table[NFT_TABLE];
	uint32_t own; /* port of our own changes */
	struct mnl_socket *sock;
	struct loop *loop;
	struct loop_io *io;
	struct loop_timer timer;
};

static bool takes_away(uint16_t type)
{
	switch (NFNL_MSG_TYPE(type)) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELSET:
	case NFT_MSG_DELSETELEM:
		return NFNL_SUBSYS_ID(type) == NFNL_SUBSYS_NFTABLES;
	default:
		return false;
	}
}

/* The table's name is attribute 1 of each kind of object (NFTA_TABLE_NAME, NFTA_CHAIN_TABLE ...). */
static int find_table(const struct nlattr *a, void *data)
{
	const char **name = data;

	if (mnl_attr_get_type(a) == NFTA_TABLE_NAME && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		*name = mnl_attr_get_str(a);
	return MNL_CB_OK;
}

static bool concerns(const struct nft_watch *w, const struct nlmsghdr *h)
{
	const struct nfgenmsg *family = mnl_nlmsg_get_payload(h);
	const char *table = NULL;

	if (h->nlmsg_pid == w->own || !takes_away(h->nlmsg_type) ||
	    (family->nfgen_family != NFPROTO_INET && family->nfgen_family != NFPROTO_BRIDGE))
		return false;
	mnl_attr_parse(h, sizeof *family, find_table, &table);
	return str_eq(table, w->table);
}

static void hear(void *data, uint32_t events)
{
	struct nft_watch *w = data;
	union {
		struct nlmsghdr head;
		uint8_t bytes[32768];
	} in;

	(void)events;
	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(w->sock), &in, sizeof in, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) /* some were lost: look, to be sure */
			loop_timer_start(w->loop, &w->timer, clock_in(SETTLE));
		if (n < 0 && errno != ENOBUFS)
			return;
		int left = (int)n;
		for (const struct nlmsghdr *h = &in.head; n > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			if (concerns(w, h))
				loop_timer_start(w->loop, &w->timer, clock_in(SETTLE));
	}
}

/* Our own changes are not even queued: ten thousand elements would overflow the queue, which means that something was lost,
 * and then all is made anew. Each packet tells of one transaction. (A filter reads words in network order.) */
static int ignore_own(const struct nft_watch *w)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(w->own), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };
	int size = RECEIVE_BUFFER;

	setsockopt(mnl_socket_get_fd(w->sock), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	return setsockopt(mnl_socket_get_fd(w->sock), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

struct nft_watch *nft_watch_new(const struct nft *nft, struct loop *loop, void (*fn)(void *data), void *data,
				struct err *err)
{
	struct nft_watch *w = calloc(1, sizeof *w);
	int group = NFNLGRP_NFTABLES;

	if (!w) {
		err_nomem(err);
		return NULL;
	}
	memcpy(w->table, nft->table, sizeof w->table);
	w->own = mnl_socket_get_portid(nft->sock);
	w->loop = loop;
	w->timer = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = fn, .data = data };
	w->sock = nft_socket(SOCK_NONBLOCK, err);
	if (w->sock && ignore_own(w) == 0 &&
	    mnl_socket_setsockopt(w->sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
		w->io = loop_io_add(loop, mnl_socket_get_fd(w->sock), EPOLLIN, hear, w);
	if (!w->io) {
		err_sys(err, errno, "watch nftables");
		nft_watch_free(w);
		return NULL;
	}
	return w;
}

void nft_watch_free(struct nft_watch *w)
{
	if (!w)
		return;
	loop_io_remove(w->loop, w->io);
	loop_timer_stop(w->loop, &w->timer);
	if (w->sock)
		mnl_socket_close(w->sock);
	free(w);
}
