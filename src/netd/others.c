/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/others.h"
#include "netd/dns_config.h"
#include "netd/nft.h"
#include "netd/nft_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"
#include "netd/docker.h"
#include "netd/droppers.h"
#include "netd/helper.h"
#include "netd/legacy.h"
#include "netd/resolvers.h"
#include "unit/unit.h"

#define SETTLE         (100 * CLOCK_MS) /* a program makes its rules one by one */
#define FIREWALLD_TIME (3 * CLOCK_SECOND)

struct others {
	const struct nft *nft;
	const struct dns *dns;
	struct legacy *legacy;
	struct loop *loop;
	struct resolvers_watch *resolvers;
	struct mnl_socket *sock;
	struct loop_io *io;
	struct loop_timer timer;
	struct err said; /* logged last: once is enough */
	struct helper firewalld, resolved;
};

static pid_t tell_firewalld(void *data, struct err *err)
{
	const struct others *o = data;

	return unit_tell_firewalld(o->nft->bridge, true, log_fd(), err);
}

static pid_t tell_resolved(void *data, struct err *err)
{
	autocall(strv_done) struct strv zones = { 0 };
	const struct others *o = data;
	char server[INET_ADDRSTRLEN];

	if (dns_zones(o->dns, &zones) < 0)
		return err_nomem(err);
	inet_ntop(AF_INET, &o->dns->bridge->gateway, server, sizeof server);
	return unit_tell_resolved(o->dns->bridge->name, server, &zones, log_fd(), err);
}

void others_names(struct others *o)
{
	if (unit_has_bus() && unit_has_resolved())
		helper_run(&o->resolved);
}

static void names(void *data)
{
	others_names(data);
}

static void look_soon(struct others *o)
{
	if (o->timer.deadline == CLOCK_NEVER)
		loop_timer_start(o->loop, &o->timer, clock_in(SETTLE));
}

void others_joined(struct others *o)
{
	if (docker_has_legacy())
		look_soon(o);
}

void others_address(struct others *o)
{
	if (docker_has_legacy() || docker_is_there())
		look_soon(o);
}

void others_look(struct others *o)
{
	const struct docker docker = { .tag = o->nft->table, .bridge = o->nft->bridge };
	struct err err = { 0 };

	if (docker_set(&docker, &err) < 0 && strcmp(err.msg, o->said.msg) != 0)
		log_error("%s", err.msg);
	o->said = err;
	legacy_ask(o->legacy, true);
	if (unit_has_bus() && droppers_firewalld(o->nft) == FIREWALLD_DROPS)
		helper_run(&o->firewalld);
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
	look_soon(o);
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

	o->sock = nft_socket(SOCK_NONBLOCK, NULL);
	if (!o->sock || ignore_elements(o) < 0 ||
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
	resolvers_watch_free(o->resolvers);
	helper_done(&o->firewalld);
	helper_done(&o->resolved);
	if (o->sock)
		mnl_socket_close(o->sock);
	free(o);
}

struct others *others_new(const struct nft *nft, const struct dns *dns, struct legacy *legacy, struct loop *loop,
			  struct err *err)
{
	struct others *o = calloc(1, sizeof *o);
	int r;

	if (!o) {
		err_nomem(err);
		return NULL;
	}
	*o = (struct others){ .nft = nft, .dns = dns, .legacy = legacy, .loop = loop };
	o->firewalld = (struct helper){ .loop = loop, .start = tell_firewalld, .data = o, .pidfd = -1 };
	o->resolved = (struct helper){ .loop = loop, .start = tell_resolved, .data = o, .pidfd = -1 };
	o->timer = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = look, .data = o };
	r = subscribe(o);
	if (r < 0)
		err_sys(err, -r, "watch nftables");
	else
		o->resolvers = resolvers_watch_new(loop, names, o, err);
	if (!o->resolvers) {
		others_free(o);
		return NULL;
	}
	others_names(o);
	others_look(o);
	helper_wait(&o->firewalld, clock_in(FIREWALLD_TIME)); /* the first container is to find it open */
	return o;
}

int others_trouble(const struct others *o, struct err *err)
{
	const struct err *const known[] = { &o->said, &o->legacy->failed, &o->legacy->trouble };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i]->code)
			return err_set(err, known[i]->code, "%s", known[i]->msg);
	return droppers_find(o->nft, err);
}

static void forget_firewalld(const struct nft *nft)
{
	struct err err = { 0 };
	pid_t pid;

	if (!unit_has_bus() || droppers_firewalld(nft) != FIREWALLD_KNOWS)
		return;
	pid = unit_tell_firewalld(nft->bridge, false, log_fd(), &err);
	if (pid < 0 || proc_wait(pid, clock_in(FIREWALLD_TIME), NULL, &err) < 0)
		log_error("firewalld: %s", err.msg);
}

void others_forget(const struct nft *nft, struct legacy *legacy)
{
	const struct docker docker = { .tag = nft->table };
	struct err err = { 0 };

	if (docker_set(&docker, &err) < 0)
		log_error("%s", err.msg);
	legacy_ask(legacy, false);
	forget_firewalld(nft);
}
