/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

static int open_here(struct err *err)
{
	autoclose int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int on = 1;

	if (sock < 0)
		return err_sys(err, errno, "open a netlink socket");
	/* Both are refinements: the kernel's explanation of an error, and no copy of the request in it. */
	setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
	setsockopt(sock, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
	return steal_fd(&sock);
}

int rtnl_open(int netns, struct err *err)
{
	autoclose int own = -1;
	autoclose int sock = -1;

	if (netns < 0)
		return open_here(err);
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return err_sys(err, errno, "open '/proc/self/ns/net'");
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "enter the container's network namespace");
	sock = open_here(err);
	if (setns(own, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "return from the container's network namespace");
	return steal_fd(&sock);
}

int rtnl_open_watch(struct err *err)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	autoclose int sock = rtnl_open(-1, err);

	if (sock < 0)
		return sock;
	if (bind(sock, (const struct sockaddr *)&addr, sizeof addr) < 0)
		return err_sys(err, errno, "watch the host's interfaces");
	return steal_fd(&sock);
}

void rtnl_start(struct rtnl_msg *m, uint16_t type, uint16_t flags, const void *header, size_t len)
{
	memset(m, 0, sizeof *m);
	m->head.nlmsg_type = type;
	m->head.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST | NLM_F_ACK);
	memcpy(NLMSG_DATA(&m->head), header, len);
	m->head.nlmsg_len = (uint32_t)NLMSG_SPACE(len);
}

/* Room for n more bytes at the end, zeroed; NULL when there is none. */
static void *grow(struct rtnl_msg *m, size_t n)
{
	size_t at = NLMSG_ALIGN(m->head.nlmsg_len), room = NLMSG_ALIGN(n);

	if (m->full || at + room > sizeof m->bytes) {
		m->full = true;
		return NULL;
	}
	m->head.nlmsg_len = (uint32_t)(at + room);
	return m->bytes + at;
}

void rtnl_put_raw(struct rtnl_msg *m, const void *data, size_t len)
{
	void *at = grow(m, len);

	if (at)
		memcpy(at, data, len);
}

void rtnl_put(struct rtnl_msg *m, uint16_t attr, const void *data, size_t len)
{
	struct rtattr *a = grow(m, RTA_LENGTH(len));

	if (!a)
		return;
	a->rta_type = attr;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
}

void rtnl_put_u32(struct rtnl_msg *m, uint16_t attr, uint32_t value)
{
	rtnl_put(m, attr, &value, sizeof value);
}

void rtnl_put_str(struct rtnl_msg *m, uint16_t attr, const char *text)
{
	rtnl_put(m, attr, text, strlen(text) + 1);
}

size_t rtnl_nest(struct rtnl_msg *m, uint16_t attr)
{
	struct rtattr *a = grow(m, RTA_LENGTH(0));

	if (!a)
		return 0;
	a->rta_type = attr;
	return (size_t)((uint8_t *)a - m->bytes);
}

void rtnl_nest_end(struct rtnl_msg *m, size_t nest)
{
	struct rtattr *a = (struct rtattr *)(void *)(m->bytes + nest);

	if (!m->full)
		a->rta_len = (uint16_t)(m->head.nlmsg_len - nest);
}

/* The attribute at `at`, NULL when no whole one is left before end. */
static const struct rtattr *attr_at(const uint8_t *at, const uint8_t *end)
{
	const struct rtattr *a = (const void *)at;

	if (end < at || (size_t)(end - at) < sizeof *a || a->rta_len < sizeof *a || a->rta_len > (size_t)(end - at))
		return NULL;
	return a;
}

static const struct rtattr *attr_next(const struct rtattr *a, const uint8_t *end)
{
	return attr_at((const uint8_t *)a + RTA_ALIGN(a->rta_len), end);
}

static const uint8_t *msg_end(const struct nlmsghdr *h)
{
	return (const uint8_t *)h + h->nlmsg_len;
}

/* The kernel's own words in an error message, or NULL. */
static const char *explanation(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	size_t skip = sizeof *e;

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - sizeof e->msg;
	for (const struct rtattr *a = attr_at((const uint8_t *)e + NLMSG_ALIGN(skip), msg_end(h)); a;
	     a = attr_next(a, msg_end(h)))
		if (a->rta_type == NLMSGERR_ATTR_MSG)
			return RTA_DATA(a);
	return NULL;
}

static uint32_t sequence;

static int send_request(int sock, struct rtnl_msg *m, struct err *err)
{
	if (m->full)
		return err_set(err, EMSGSIZE, "a netlink request is too long");
	m->head.nlmsg_seq = ++sequence;
	return send(sock, m->bytes, m->head.nlmsg_len, 0) < 0 ? err_sys(err, errno, "ask the kernel") : 0;
}

static ssize_t receive(int sock, void *buf, size_t size, struct err *err)
{
	ssize_t n;

	do
		n = recv(sock, buf, size, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(err, errno, "hear from the kernel") : n;
}

static int verdict(const struct nlmsghdr *h, struct err *err)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	const char *why = e->error ? explanation(h) : NULL;

	if (!e->error)
		return 0;
	if (why)
		return err_set(err, -e->error, "%s", why);
	return err_set(err, -e->error, "%s", strerror(-e->error));
}

/* Until n requests, numbered from `first`, are answered. Each is, in its turn, whatever became of those before it
 * (netlink_rcv_skb() in the kernel's af_netlink.c). The first failure, its place in *ret_failed. */
static int hear_verdicts(int sock, uint32_t first, size_t n, size_t *ret_failed, struct err *err)
{
	union {
		struct nlmsghdr head;
		uint8_t bytes[8192];
	} in;
	size_t answered = 0;
	int r = 0;

	while (answered < n) {
		ssize_t got = receive(sock, &in, sizeof in, err);
		if (got < 0)
			return (int)got;
		for (size_t at = 0; at + sizeof in.head <= (size_t)got;) {
			const struct nlmsghdr *h = (const void *)(in.bytes + at);
			if (h->nlmsg_len < sizeof *h || h->nlmsg_len > (size_t)got - at)
				break;
			at += NLMSG_ALIGN(h->nlmsg_len);
			if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_seq - first >= n)
				continue;
			answered++;
			if (r < 0)
				continue;
			*ret_failed = h->nlmsg_seq - first;
			r = verdict(h, err);
		}
	}
	return r;
}

int rtnl_talk(int sock, struct rtnl_msg *m, struct err *err)
{
	size_t which;
	int r = send_request(sock, m, err);

	return r < 0 ? r : hear_verdicts(sock, m->head.nlmsg_seq, 1, &which, err);
}

void rtnl_batch_add(struct rtnl_batch *b, const struct rtnl_msg *m)
{
	size_t size = NLMSG_ALIGN(m->head.nlmsg_len);
	struct nlmsghdr *head = (void *)(b->bytes + b->len);

	if (m->full || b->n == RTNL_BATCH_MAX || b->len + size > sizeof b->bytes) {
		b->full = true;
		return;
	}
	memcpy(head, m->bytes, size);
	b->n++;
	b->len += size;
}

static void number(struct rtnl_batch *b)
{
	b->first = sequence + 1;
	for (size_t at = 0; at < b->len;
	     at += NLMSG_ALIGN(((const struct nlmsghdr *)(const void *)(b->bytes + at))->nlmsg_len))
		((struct nlmsghdr *)(void *)(b->bytes + at))->nlmsg_seq = ++sequence;
}

int rtnl_batch_talk(int sock, struct rtnl_batch *b, size_t *ret_failed, struct err *err)
{
	*ret_failed = 0;
	if (b->full)
		return err_set(err, EMSGSIZE, "netlink requests are too long");
	number(b);
	if (b->n && send(sock, b->bytes, b->len, 0) < 0)
		return err_sys(err, errno, "ask the kernel");
	return hear_verdicts(sock, b->first, b->n, ret_failed, err);
}

int rtnl_dump(int sock, struct rtnl_msg *m, rtnl_each_fn *fn, void *data, struct err *err)
{
	union {
		struct nlmsghdr head;
		uint8_t bytes[16384];
	} in;
	int r;

	if (m->head.nlmsg_flags & NLM_F_DUMP)
		m->head.nlmsg_flags &= (uint16_t)~NLM_F_ACK;
	r = send_request(sock, m, err);
	while (r == 0) {
		ssize_t n = receive(sock, &in, sizeof in, err);
		unsigned left = n < 0 ? 0 : (unsigned)n;
		if (n < 0)
			return (int)n;
		for (const struct nlmsghdr *h = &in.head; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (h->nlmsg_type == NLMSG_ERROR)
				return verdict(h, err);
			fn(h, data);
		}
	}
	return r;
}

static void read_kind(const struct rtattr *info, struct rtnl_link *ret)
{
	const uint8_t *end = (const uint8_t *)info + info->rta_len;

	for (const struct rtattr *a = attr_at(RTA_DATA(info), end); a; a = attr_next(a, end))
		if (a->rta_type == IFLA_INFO_KIND)
			str_print(ret->kind, sizeof ret->kind, "%.*s", (int)RTA_PAYLOAD(a), (const char *)RTA_DATA(a));
}

void rtnl_read_link(const struct nlmsghdr *h, struct rtnl_link *ret)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	const uint8_t *attrs = (const uint8_t *)info + NLMSG_ALIGN(sizeof *info);

	*ret = (struct rtnl_link){ .index = info->ifi_index, .flags = info->ifi_flags };
	for (const struct rtattr *a = attr_at(attrs, msg_end(h)); a; a = attr_next(a, msg_end(h))) {
		uint32_t value;
		if (a->rta_type == IFLA_ADDRESS && RTA_PAYLOAD(a) == sizeof ret->mac)
			memcpy(ret->mac, RTA_DATA(a), sizeof ret->mac);
		if ((a->rta_type & NLA_TYPE_MASK) == IFLA_LINKINFO)
			read_kind(a, ret);
		if (RTA_PAYLOAD(a) != sizeof value)
			continue;
		memcpy(&value, RTA_DATA(a), sizeof value);
		if (a->rta_type == IFLA_LINK)
			ret->peer = (int)value;
		else if (a->rta_type == IFLA_MASTER)
			ret->master = (int)value;
		else if (a->rta_type == IFLA_MTU)
			ret->mtu = value;
		else if (a->rta_type == IFLA_GROUP)
			ret->group = value;
	}
}

/* By its name, or where that is NULL by its index. */
static int find(int sock, const char *name, int index, struct rtnl_link *ret, struct err *err)
{
	union {
		struct nlmsghdr head;
		uint8_t bytes[16384];
	} in;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnl_msg m;
	ssize_t n;
	int r;

	rtnl_start(&m, RTM_GETLINK, 0, &info, sizeof info);
	m.head.nlmsg_flags = NLM_F_REQUEST;
	if (name)
		rtnl_put_str(&m, IFLA_IFNAME, name);
	rtnl_put_u32(&m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = send_request(sock, &m, err);
	if (r < 0)
		return r;
	n = receive(sock, &in, sizeof in, err);
	if (n < 0)
		return (int)n;
	if (NLMSG_OK(&in.head, (uint32_t)n) && in.head.nlmsg_type == RTM_NEWLINK) {
		rtnl_read_link(&in.head, ret);
		return 0;
	}
	r = NLMSG_OK(&in.head, (uint32_t)n) && in.head.nlmsg_type == NLMSG_ERROR ? verdict(&in.head, err) : -EBADMSG;
	return r ? r : err_set(err, EBADMSG, "the kernel's answer is malformed");
}

int rtnl_find(int sock, const char *name, struct rtnl_link *ret, struct err *err)
{
	return find(sock, name, 0, ret, err);
}

int rtnl_find_index(int sock, int index, struct rtnl_link *ret, struct err *err)
{
	return find(sock, NULL, index, ret, err);
}
