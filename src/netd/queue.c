/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/str.h"
#include "netd/nft.h"

#define COPY   256  /* bytes of each packet that we are shown: its head */
#define LENGTH 8192 /* packets that the kernel keeps */
#define TRIES  64
#define ROUNDS 64 /* of what is read at once: others are heard in between */
#define HEADS  8  /* extension headers of IPv6 that are passed over */

struct queue {
	uint16_t number;
	struct mnl_socket *sock;
	struct loop *loop;
	struct loop_io *io;
	queue_fn *fn;
	void *data;
};

static struct nlmsghdr *start(void *buf, uint16_t type, uint16_t flags, uint16_t number)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *head;

	h->nlmsg_type = (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type);
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	head = mnl_nlmsg_put_extra_header(h, sizeof *head);
	head->nfgen_family = AF_UNSPEC;
	head->version = NFNETLINK_V0;
	head->res_id = htons(number);
	return h;
}

static int bind_to(struct mnl_socket *sock, uint16_t number)
{
	const struct nfqnl_msg_config_cmd cmd = { .command = NFQNL_CFG_CMD_BIND };
	const struct nfqnl_msg_config_params params = { .copy_range = htonl(COPY), .copy_mode = NFQNL_COPY_PACKET };
	uint8_t buf[1024];
	struct nlmsghdr *h = start(buf, NFQNL_MSG_CONFIG, NLM_F_ACK, number);
	ssize_t n;

	mnl_attr_put(h, NFQA_CFG_CMD, sizeof cmd, &cmd);
	mnl_attr_put(h, NFQA_CFG_PARAMS, sizeof params, &params);
	mnl_attr_put_u32(h, NFQA_CFG_QUEUE_MAXLEN, htonl(LENGTH));
	mnl_attr_put_u32(h, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
	mnl_attr_put_u32(h, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
	if (mnl_socket_sendto(sock, h, h->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(sock, buf, sizeof buf);
	return n < 0 || mnl_cb_run(buf, (size_t)n, 0, 0, NULL, NULL) < 0 ? -errno : 0;
}

/* Behind the extension headers. */
static int find_ports6(const uint8_t *bytes, size_t n, uint8_t *proto)
{
	const struct ip6_hdr *ip = (const void *)bytes;
	size_t at = sizeof *ip;

	*proto = ip->ip6_nxt;
	for (int i = 0; i < HEADS && at + 8 <= n; i++) {
		if (*proto == IPPROTO_TCP || *proto == IPPROTO_UDP)
			return (int)at;
		if (*proto != IPPROTO_HOPOPTS && *proto != IPPROTO_ROUTING && *proto != IPPROTO_DSTOPTS &&
		    *proto != IPPROTO_FRAGMENT)
			break;
		size_t length = *proto == IPPROTO_FRAGMENT ? 8 : 8 + 8 * (size_t)bytes[at + 1];
		*proto = bytes[at];
		at += length;
	}
	return -EBADMSG;
}

static int find_ports(const uint8_t *bytes, size_t n, struct queue_packet *ret)
{
	const struct ip6_hdr *six = (const void *)bytes;
	const struct iphdr *four = (const void *)bytes;

	if (n >= sizeof *four && four->version == 4) {
		ret->proto = four->protocol;
		ret->from = nft_mapped((struct in_addr){ .s_addr = four->saddr });
		ret->to = nft_mapped((struct in_addr){ .s_addr = four->daddr });
		return four->ihl < 5 ? -EBADMSG : 4 * four->ihl;
	}
	if (n < sizeof *six || four->version != 6)
		return -EBADMSG;
	ret->from = six->ip6_src;
	ret->to = six->ip6_dst;
	return find_ports6(bytes, n, &ret->proto);
}

int queue_parse(const uint8_t *bytes, size_t n, struct queue_packet *ret)
{
	int at = find_ports(bytes, n, ret);
	uint16_t ports[2];

	if (at < 0 || (size_t)at + sizeof ports > n || (ret->proto != IPPROTO_TCP && ret->proto != IPPROTO_UDP))
		return -EBADMSG;
	memcpy(ports, bytes + at, sizeof ports);
	ret->from_port = ntohs(ports[0]);
	ret->port = ntohs(ports[1]);
	return 0;
}

struct parts {
	const struct nlattr *head, *bytes, *by;
};

static int collect(const struct nlattr *a, void *data)
{
	struct parts *parts = data;

	if (mnl_attr_get_type(a) == NFQA_PACKET_HDR && mnl_attr_get_payload_len(a) >= sizeof(struct nfqnl_msg_packet_hdr))
		parts->head = a;
	else if (mnl_attr_get_type(a) == NFQA_PAYLOAD)
		parts->bytes = a;
	else if (mnl_attr_get_type(a) == NFQA_IFINDEX_INDEV && mnl_attr_get_payload_len(a) == sizeof(uint32_t))
		parts->by = a;
	return MNL_CB_OK;
}

/* What we cannot read is let go: it is not for us. */
static void take(struct queue *queue, const struct nlmsghdr *h)
{
	const struct nfqnl_msg_packet_hdr *head;
	struct queue_packet packet = { 0 };
	struct parts parts = { 0 };

	if (h->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET))
		return;
	mnl_attr_parse(h, sizeof(struct nfgenmsg), collect, &parts);
	if (!parts.head)
		return;
	head = mnl_attr_get_payload(parts.head);
	packet.id = ntohl(head->packet_id);
	packet.by = parts.by ? (int)ntohl(mnl_attr_get_u32(parts.by)) : 0;
	if (parts.bytes &&
	    queue_parse(mnl_attr_get_payload(parts.bytes), mnl_attr_get_payload_len(parts.bytes), &packet) == 0)
		queue->fn(queue->data, &packet);
	else
		queue_decide(queue, packet.id, true);
}

static void hear(void *data, uint32_t events)
{
	struct queue *queue = data;
	union {
		struct nlmsghdr head;
		uint8_t bytes[32768];
	} in;

	(void)events;
	for (int i = 0; i < ROUNDS; i++) {
		int left = (int)recv(mnl_socket_get_fd(queue->sock), &in, sizeof in, MSG_DONTWAIT);
		if (left < 0)
			return;
		for (const struct nlmsghdr *h = &in.head; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			take(queue, h);
	}
}

void queue_decide(struct queue *queue, uint32_t id, bool pass)
{
	const struct nfqnl_msg_verdict_hdr verdict = { .verdict = htonl(pass ? NF_ACCEPT : NF_DROP), .id = htonl(id) };
	uint8_t buf[256];
	struct nlmsghdr *h = start(buf, NFQNL_MSG_VERDICT, 0, queue->number);

	mnl_attr_put(h, NFQA_VERDICT_HDR, sizeof verdict, &verdict);
	mnl_socket_sendto(queue->sock, h, h->nlmsg_len);
}

uint16_t queue_number(const struct queue *queue)
{
	return queue->number;
}

static int open_queue(struct queue *queue, uint16_t wish)
{
	int on = 1, r = -EBUSY;

	queue->sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!queue->sock || mnl_socket_bind(queue->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	setsockopt(mnl_socket_get_fd(queue->sock), SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
	for (int i = 0; i < TRIES && (r == -EBUSY || r == -EPERM); i++) { /* another's: EPERM */
		queue->number = (uint16_t)(wish + i);
		r = bind_to(queue->sock, queue->number);
	}
	if (r < 0)
		return r;
	queue->io = loop_io_add(queue->loop, mnl_socket_get_fd(queue->sock), EPOLLIN, hear, queue);
	return queue->io ? 0 : -errno;
}

struct queue *queue_new(struct loop *loop, uint16_t wish, queue_fn *fn, void *data, struct err *err)
{
	struct queue *queue = calloc(1, sizeof *queue);
	int r;

	if (!queue) {
		err_nomem(err);
		return NULL;
	}
	*queue = (struct queue){ .loop = loop, .fn = fn, .data = data };
	r = open_queue(queue, wish);
	if (r == 0)
		return queue;
	err_sys(err, -r, "open a queue for packets");
	queue_free(queue);
	return NULL;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	loop_io_remove(queue->loop, queue->io);
	if (queue->sock)
		mnl_socket_close(queue->sock);
	free(queue);
}
