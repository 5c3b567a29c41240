/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/others.h"
#include "netd/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "netd/docker.h"
#include "netd/droppers.h"

#define SETTLE (100 * CLOCK_MS) /* a program makes its rules one by one */

struct others {
	const struct nft *nft;
	struct loop *loop;
	struct mnl_socket *sock;
	struct loop_io *io;
	struct loop_timer timer;
	struct err said; /* logged last: once is enough */
};

void others_look(struct others *o)
{
	struct err err = { 0 };

	if (docker_allow(o->nft->table, o->nft->bridge, &err) < 0 && strcmp(err.msg, o->said.msg) != 0)
		log_error("%s", err.msg);
	o->said = err;
}

static void look(void *data)
{
	others_look(data);
}

/* Whatever it was: rules are looked at as a whole, a while later. */
static void hear(void *data, uint32_t events)
{
	struct others *o = data;
	uint8_t bytes[4096];
	ssize_t n;

	(void)events;
	do
		n = recv(mnl_socket_get_fd(o->sock), bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
	while (n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS)));
	if (o->timer.deadline == CLOCK_NEVER)
		loop_timer_start(o->loop, &o->timer, clock_in(SETTLE));
}

/* Of what begins with elements of sets, ours above all, nothing is queued. */
static int ignore_elements(const struct others *o)
{
	const uint16_t ours = NFNL_SUBSYS_NFTABLES << 8;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(ours | NFT_MSG_NEWSETELEM), 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(ours | NFT_MSG_DELSETELEM), 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(ours | NFT_MSG_NEWGEN), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	return setsockopt(mnl_socket_get_fd(o->sock), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int subscribe(struct others *o)
{
	int group = NFNLGRP_NFTABLES;

	o->sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!o->sock || mnl_socket_bind(o->sock, 0, MNL_SOCKET_AUTOPID) < 0 || ignore_elements(o) < 0 ||
	    mnl_socket_setsockopt(o->sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
		return -errno;
	o->io = loop_io_add(o->loop, mnl_socket_get_fd(o->sock), EPOLLIN, hear, o);
	return o->io ? 0 : -errno;
}

void others_free(struct others *o)
{
	if (!o)
		return;
	loop_io_remove(o->loop, o->io);
	loop_timer_stop(o->loop, &o->timer);
	if (o->sock)
		mnl_socket_close(o->sock);
	free(o);
}

struct others *others_new(const struct nft *nft, struct loop *loop, struct err *err)
{
	struct others *o = calloc(1, sizeof *o);
	int r;

	if (!o) {
		err_nomem(err);
		return NULL;
	}
	*o = (struct others){ .nft = nft, .loop = loop };
	o->timer = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = look, .data = o };
	r = subscribe(o);
	if (r < 0) {
		err_sys(err, -r, "watch nftables");
		others_free(o);
		return NULL;
	}
	others_look(o);
	return o;
}

int others_trouble(const struct others *o, struct err *err)
{
	if (o->said.code)
		return err_set(err, o->said.code, "%s", o->said.msg);
	return droppers_find(o->nft, err);
}

void others_forget(const struct nft *nft)
{
	struct err err = { 0 };

	if (docker_forget(nft->table, &err) < 0)
		log_error("%s", err.msg);
}
