/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's table of flows: read, and what is meant deleted. */
#include "netd/conntrack_table.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* A flow found, to be shown, or deleted by what names it. */
struct found {
	struct filter filter;
	flow_fn *fn; /* NULL: */
	void *data;
	struct mnl_socket *del;
};

/* Attributes by type, those above max passed over. */
struct attrs {
	const struct nlattr *of[CTA_MAX + 1];
};

static int collect(const struct nlattr *a, void *data)
{
	struct attrs *attrs = data;

	if (mnl_attr_get_type(a) <= CTA_MAX)
		attrs->of[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static bool has(const struct nlattr *a, size_t len)
{
	return a && mnl_attr_get_payload_len(a) == len;
}

static struct in6_addr read_addr(const struct nlattr *four, const struct nlattr *six)
{
	struct in6_addr addr = { 0 };

	if (has(four, 4))
		return nft_mapped((struct in_addr){ .s_addr = mnl_attr_get_u32(four) });
	if (has(six, sizeof addr))
		memcpy(&addr, mnl_attr_get_payload(six), sizeof addr);
	return addr;
}

static void read_tuple(const struct nlattr *nest, struct tuple *ret)
{
	struct attrs parts = { 0 }, ip = { 0 }, proto = { 0 };

	*ret = (struct tuple){ 0 };
	mnl_attr_parse_nested(nest, collect, &parts);
	if (parts.of[CTA_TUPLE_IP])
		mnl_attr_parse_nested(parts.of[CTA_TUPLE_IP], collect, &ip);
	if (parts.of[CTA_TUPLE_PROTO])
		mnl_attr_parse_nested(parts.of[CTA_TUPLE_PROTO], collect, &proto);
	ret->src = read_addr(ip.of[CTA_IP_V4_SRC], ip.of[CTA_IP_V6_SRC]);
	ret->dst = read_addr(ip.of[CTA_IP_V4_DST], ip.of[CTA_IP_V6_DST]);
	if (has(proto.of[CTA_PROTO_NUM], 1))
		ret->proto = mnl_attr_get_u8(proto.of[CTA_PROTO_NUM]);
	if (has(proto.of[CTA_PROTO_SRC_PORT], 2))
		ret->sport = mnl_attr_get_u16(proto.of[CTA_PROTO_SRC_PORT]);
	if (has(proto.of[CTA_PROTO_DST_PORT], 2))
		ret->dport = mnl_attr_get_u16(proto.of[CTA_PROTO_DST_PORT]);
}

static bool is_forwarded(const struct nft_elements *l, const struct tuple *t)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].proto == t->proto && htons(l->v[i].port) == t->dport &&
		    (nft_is_any(&l->v[i]) || IN6_ARE_ADDR_EQUAL(&l->v[i].host, &t->dst)))
			return true;
	return false;
}

static bool matches(const struct half *f, const struct tuple *t)
{
	return (!(f->flags & BY_SRC) || IN6_ARE_ADDR_EQUAL(&f->want.src, &t->src)) &&
	       (!(f->flags & BY_DST) || IN6_ARE_ADDR_EQUAL(&f->want.dst, &t->dst)) &&
	       (!(f->flags & BY_PROTO) || f->want.proto == t->proto) &&
	       (!(f->flags & BY_SPORT) || f->want.sport == t->sport) &&
	       (!(f->flags & BY_DPORT) || f->want.dport == t->dport);
}

static bool is_meant(const struct filter *f, const struct tuple *orig, const struct tuple *reply)
{
	const bool here = matches(&f->orig, orig), there = matches(&f->reply, reply);

	if (f->guests && !conntrack_guest(f->guests, &orig->src) && !conntrack_guest(f->guests, &reply->src))
		return false;
	return here && there && (!f->ports || is_forwarded(f->ports, orig));
}

static struct nlmsghdr *start(void *buf, uint16_t type, uint16_t flags, bool six)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *family;

	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	family = mnl_nlmsg_put_extra_header(h, sizeof *family);
	family->nfgen_family = six ? AF_INET6 : AF_INET;
	family->version = NFNETLINK_V0;
	return h;
}

static void copy_attr(struct nlmsghdr *h, const struct nlattr *a)
{
	mnl_attr_put(h, a->nla_type, mnl_attr_get_payload_len(a), mnl_attr_get_payload(a));
}

static void delete_flow(struct found *found, const struct attrs *flow)
{
	static const uint16_t names[] = { CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE };
	uint8_t buf[1024];
	struct nlmsghdr *h = start(buf, IPCTNL_MSG_CT_DELETE, 0, found->filter.six);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (flow->of[names[i]])
			copy_attr(h, flow->of[names[i]]);
	mnl_socket_sendto(found->del, h, h->nlmsg_len); /* gone already is as good */
}

static bool is_over(const struct attrs *flow)
{
	struct attrs info = { 0 }, tcp = { 0 };
	uint8_t state;

	if (flow->of[CTA_PROTOINFO])
		mnl_attr_parse_nested(flow->of[CTA_PROTOINFO], collect, &info);
	if (info.of[CTA_PROTOINFO_TCP])
		mnl_attr_parse_nested(info.of[CTA_PROTOINFO_TCP], collect, &tcp);
	if (!has(tcp.of[CTA_PROTOINFO_TCP_STATE], 1))
		return false;
	state = mnl_attr_get_u8(tcp.of[CTA_PROTOINFO_TCP_STATE]);
	return state == TCP_CONNTRACK_TIME_WAIT || state == TCP_CONNTRACK_CLOSE;
}

static void show(const struct found *found, const struct attrs *attrs, struct flow *flow)
{
	const struct nlattr *seconds = attrs->of[CTA_TIMEOUT];

	flow->over = is_over(attrs);
	flow->seconds = has(seconds, 4) ? ntohl(mnl_attr_get_u32(seconds)) : 0;
	found->fn(flow, found->data);
}

static int examine(const struct nlmsghdr *h, void *data)
{
	struct found *found = data;
	struct attrs attrs = { 0 };
	struct flow flow;

	mnl_attr_parse(h, sizeof(struct nfgenmsg), collect, &attrs);
	if (!attrs.of[CTA_TUPLE_ORIG] || !attrs.of[CTA_TUPLE_REPLY])
		return MNL_CB_OK;
	read_tuple(attrs.of[CTA_TUPLE_ORIG], &flow.orig);
	read_tuple(attrs.of[CTA_TUPLE_REPLY], &flow.reply);
	if (!is_meant(&found->filter, &flow.orig, &flow.reply))
		return MNL_CB_OK;
	if (found->fn)
		show(found, &attrs, &flow);
	else
		delete_flow(found, &attrs);
	return MNL_CB_OK;
}

static void put_addr(struct nlmsghdr *h, uint16_t four, uint16_t six, const struct in6_addr *addr)
{
	if (IN6_IS_ADDR_V4MAPPED(addr))
		mnl_attr_put_u32(h, four, nft_ipv4(addr).s_addr);
	else
		mnl_attr_put(h, six, sizeof *addr, addr);
}

static void put_half(struct nlmsghdr *h, uint16_t type, const struct half *half)
{
	const unsigned ports = BY_SPORT | BY_DPORT;
	struct nlattr *nest, *part;

	if (!half->flags)
		return;
	nest = mnl_attr_nest_start(h, type);
	if (half->flags & (BY_SRC | BY_DST)) {
		part = mnl_attr_nest_start(h, CTA_TUPLE_IP);
		if (half->flags & BY_SRC)
			put_addr(h, CTA_IP_V4_SRC, CTA_IP_V6_SRC, &half->want.src);
		if (half->flags & BY_DST)
			put_addr(h, CTA_IP_V4_DST, CTA_IP_V6_DST, &half->want.dst);
		mnl_attr_nest_end(h, part);
	}
	if (half->flags & (BY_PROTO | ports)) {
		part = mnl_attr_nest_start(h, CTA_TUPLE_PROTO);
		mnl_attr_put_u8(h, CTA_PROTO_NUM, half->want.proto);
		if (half->flags & BY_SPORT)
			mnl_attr_put_u16(h, CTA_PROTO_SRC_PORT, half->want.sport);
		if (half->flags & BY_DPORT)
			mnl_attr_put_u16(h, CTA_PROTO_DST_PORT, half->want.dport);
		mnl_attr_nest_end(h, part);
	}
	mnl_attr_nest_end(h, nest);
}

/* The kernel (5.8 and later) then shows only what matches; examine() looks again in any case. */
static void put_filter(struct nlmsghdr *h, const struct filter *f)
{
	struct nlattr *nest = mnl_attr_nest_start(h, CTA_FILTER);

	mnl_attr_put_u32(h, CTA_FILTER_ORIG_FLAGS, f->orig.flags);
	mnl_attr_put_u32(h, CTA_FILTER_REPLY_FLAGS, f->reply.flags);
	mnl_attr_nest_end(h, nest);
	put_half(h, CTA_TUPLE_ORIG, &f->orig);
	put_half(h, CTA_TUPLE_REPLY, &f->reply);
}

static int dump(struct mnl_socket *get, struct found *found, bool filtered)
{
	autofree uint8_t *buf = malloc(65536);
	struct nlmsghdr *h;
	ssize_t n;
	int r;

	if (!buf)
		return -ENOMEM;
	h = start(buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, found->filter.six);
	h->nlmsg_seq = filtered ? 1 : 2;
	if (filtered)
		put_filter(h, &found->filter);
	if (mnl_socket_sendto(get, h, h->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(get, buf, 65536);
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buf, (size_t)n, filtered ? 1 : 2, 0, examine, found);
	} while (r > 0);
	return r < 0 ? -errno : 0;
}

/* The kernel's own search (6.11 and later) takes a tenth of the time of a dump. An older one takes the request for one flow
 * with this very tuple, and refuses it: parts of the tuple are missing. */
static int flush(struct mnl_socket *sock, const struct filter *filter)
{
	uint8_t buf[1024];
	struct nlmsghdr *h = start(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, filter->six);
	ssize_t n;

	put_filter(h, filter);
	if (mnl_socket_sendto(sock, h, h->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(sock, buf, sizeof buf);
	if (n < 0 || mnl_cb_run(buf, (size_t)n, 0, 0, NULL, NULL) < 0)
		return -errno;
	return 0;
}

/* Kept open: when one is closed, the kernel waits until all that nftables has deleted is freed (10 ms and more). */
static int open_sockets(struct mnl_socket ***ret)
{
	static struct mnl_socket *sockets[2];

	*ret = sockets;
	for (int i = 0; i < 2; i++) {
		if (sockets[i])
			continue;
		sockets[i] = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
		if (!sockets[i] || mnl_socket_bind(sockets[i], 0, MNL_SOCKET_AUTOPID) < 0)
			return -errno;
	}
	return 0;
}

/* Answers that nobody waited for: of flows that were gone already. */
static void drain(const struct mnl_socket *sock)
{
	uint8_t buf[4096];
	ssize_t n;

	do
		n = recv(mnl_socket_get_fd(sock), buf, sizeof buf, MSG_DONTWAIT);
	while (n >= 0 || errno == ENOBUFS || errno == EINTR);
}

/* Can the kernel tell these flows from others? Of an IPv6 address it takes all but those that have it (6.1 to 6.18). */
static bool kernel_knows(const struct filter *f)
{
	return !f->guests && !(f->six && ((f->orig.flags | f->reply.flags) & (BY_SRC | BY_DST)));
}

int conntrack_forget(const struct filter *filter, struct err *err)
{
	struct found found = { .filter = *filter };
	struct mnl_socket **sockets;
	int r = open_sockets(&sockets);

	if (r < 0)
		return err_sys(err, -r, "open a netfilter socket");
	drain(sockets[0]);
	drain(sockets[1]);
	found.del = sockets[1];
	if (!filter->ports && kernel_knows(filter) && flush(sockets[1], filter) == 0)
		return 0;
	r = dump(sockets[0], &found, kernel_knows(filter));
	if (r == -EOPNOTSUPP || r == -EINVAL)
		r = dump(sockets[0], &found, false);
	return r < 0 ? err_sys(err, -r, "end tracked flows") : 0;
}

int conntrack_each(bool six, flow_fn *fn, void *data, struct err *err)
{
	struct found found = { .filter = { .six = six }, .fn = fn, .data = data };
	struct mnl_socket **sockets;
	int r = open_sockets(&sockets);

	if (r < 0)
		return err_sys(err, -r, "open a netfilter socket");
	drain(sockets[0]);
	r = dump(sockets[0], &found, false);
	return r < 0 ? err_sys(err, -r, "look at tracked flows") : 0;
}
