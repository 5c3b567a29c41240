/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections that were sent on, as sock_diag(7) has them: each with what the program has stored at its socket. To end one
 * is SOCK_DESTROY (CONFIG_INET_DIAG_DESTROY): both sides hear of it. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "netd/redirect_internal.h"

/* States of net/tcp_states.h: bit n is state n. All but those without a process behind them, and those that listen. */
enum { STATES = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11 };

struct ending {
	redirect_leads_fn *leads;
	const void *data;
	struct inet_diag_sockid *v;
	size_t n, room;
};

static void close_socket(struct mnl_socket **sock)
{
	if (*sock)
		mnl_socket_close(*sock);
}

static struct mnl_socket *open_socket(void)
{
	struct mnl_socket *sock = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);

	if (!sock || mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) == 0)
		return sock;
	mnl_socket_close(sock);
	return NULL;
}

static struct inet_diag_req_v2 *begin(struct nlmsghdr *h, uint16_t type, uint16_t flags)
{
	struct inet_diag_req_v2 *req;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	req = mnl_nlmsg_put_extra_header(h, sizeof *req);
	*req = (struct inet_diag_req_v2){ .sdiag_family = AF_INET6, .sdiag_protocol = IPPROTO_TCP };
	return req;
}

static int destroy(struct mnl_socket *sock, const struct inet_diag_sockid *id)
{
	uint8_t buf[1024];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	ssize_t n;

	begin(h, SOCK_DESTROY, NLM_F_ACK)->id = *id;
	if (mnl_socket_sendto(sock, h, h->nlmsg_len) < 0)
		return -errno;
	n = mnl_socket_recvfrom(sock, buf, sizeof buf);
	return n < 0 || mnl_cb_run(buf, (size_t)n, 0, 0, NULL, NULL) < 0 ? -errno : 0;
}

int redirect_can_end(void)
{
	const struct inet_diag_sockid none = { .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } };
	autocall(close_socket) struct mnl_socket *sock = open_socket();
	int r = sock ? destroy(sock, &none) : -errno;

	return r == -ENOENT ? 0 : r;
}

static int take_value(const struct nlattr *attr, void *data)
{
	if (mnl_attr_get_type(attr) == SK_DIAG_BPF_STORAGE_MAP_VALUE &&
	    mnl_attr_get_payload_len(attr) == sizeof(struct redirect_sent))
		memcpy(data, mnl_attr_get_payload(attr), sizeof(struct redirect_sent));
	return MNL_CB_OK;
}

static int take_storage(const struct nlattr *attr, void *data)
{
	return mnl_attr_get_type(attr) == SK_DIAG_BPF_STORAGE ? mnl_attr_parse_nested(attr, take_value, data) : MNL_CB_OK;
}

static int take_storages(const struct nlattr *attr, void *data)
{
	return mnl_attr_get_type(attr) == INET_DIAG_SK_BPF_STORAGES ? mnl_attr_parse_nested(attr, take_storage, data)
								    : MNL_CB_OK;
}

static int append(struct ending *e, const struct inet_diag_sockid *id)
{
	if (e->n == e->room) {
		size_t room = e->room ? 2 * e->room : 16;
		struct inet_diag_sockid *v = reallocarray(e->v, room, sizeof *v);
		if (!v)
			return MNL_CB_ERROR;
		e->v = v;
		e->room = room;
	}
	e->v[e->n++] = *id;
	return MNL_CB_OK;
}

static bool is_there(const struct redirect_sent *sent, const struct inet_diag_sockid *id)
{
	return sent->port == id->idiag_dport && memcmp(&sent->guest, id->idiag_dst, sizeof sent->guest) == 0;
}

static int take(const struct nlmsghdr *h, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(h);
	struct redirect_sent sent = { 0 };
	struct ending *e = data;

	if (mnl_nlmsg_get_payload_len(h) < sizeof *msg)
		return MNL_CB_OK;
	mnl_attr_parse(h, sizeof *msg, take_storages, &sent);
	return is_there(&sent, &msg->id) && !e->leads(e->data, &sent) ? append(e, &msg->id) : MNL_CB_OK;
}

static int collect(struct mnl_socket *sock, int sockets, struct ending *e)
{
	uint8_t buf[32768];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nlattr *nest;
	ssize_t n;
	int r;

	begin(h, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP)->idiag_states = STATES;
	nest = mnl_attr_nest_start(h, INET_DIAG_REQ_SK_BPF_STORAGES);
	mnl_attr_put_u32(h, SK_DIAG_BPF_STORAGE_REQ_MAP_FD, (uint32_t)sockets);
	mnl_attr_nest_end(h, nest);
	if (mnl_socket_sendto(sock, h, h->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(sock, buf, sizeof buf);
		r = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buf, (size_t)n, 0, 0, take, e);
	} while (r > 0);
	return r < 0 ? -errno : 0;
}

int redirect_end(int sockets, redirect_leads_fn *leads, const void *data)
{
	autocall(close_socket) struct mnl_socket *sock = open_socket();
	struct ending e = { .leads = leads, .data = data };
	int r = sock ? collect(sock, sockets, &e) : -errno;

	for (size_t i = 0; i < e.n; i++)
		(void)destroy(sock, &e.v[i]); /* it may have ended by itself */
	free(e.v);
	return r;
}
