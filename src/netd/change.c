/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forwards that come and go while their container runs. What a member was joined with changes along: its supervisor, which
 * sends it again to a netd that is started anew, changes its own in the same way. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/forward.h"
#include "netd/conntrack.h"
#include "netd/netd.h"

struct member *member_of(const struct netd *netd, const struct wire_client *client)
{
	struct member *m = netd->members;

	while (m && (m->side || m->client != client))
		m = m->next;
	return m;
}

/* Without them, the member is as it was before. */
static void cut(struct member *m, size_t from, size_t n)
{
	size_t left = m->elements.n - from - n;

	m->network->netd->n_forwards -= member_ports(m, from, n);
	claims_drop(m, from, n);
	memmove(m->elements.v + from, m->elements.v + from + n, left * sizeof *m->elements.v);
	memmove(m->held + from, m->held + from + n, left * sizeof *m->held);
	memmove(m->relays + from, m->relays + from + n, left * sizeof *m->relays);
	m->elements.n -= n;
}

static int put_in_force(struct member *m, size_t from, struct err *err)
{
	const struct nft_content none = { 0 };
	const struct nft_content come = { .forwards = { .n = m->elements.n - from, .v = m->elements.v + from } };
	int r = network_change(m->network, &none, &come, err);

	return r < 0 ? r : conntrack_forget_ports(&come.forwards, err);
}

static int add(struct member *m, const struct wire_forward *forward, struct err *err)
{
	size_t from = m->elements.n;
	int r = join_forward_elements(m->join, &m->network->bridge, forward, &m->elements);

	r = r < 0 ? err_nomem(err) : claims_take(m, from, err);
	if (r < 0) {
		m->elements.n = from;
		return r;
	}
	m->network->netd->n_forwards += member_ports(m, from, m->elements.n - from);
	r = put_in_force(m, from, err);
	if (r >= 0)
		r = sockets_take(m, forward, err);
	if (r >= 0 && wire_join_add_forward(&m->join, &m->join_len, forward) < 0) {
		r = err_nomem(err);
		if (forward->family == AF_UNIX)
			sockets_drop(m, forward->path);
	}
	if (r < 0) {
		cut(m, from, m->elements.n - from);
		network_restore(m->network, NULL);
	}
	return r;
}

/* Elements of a forward. */
static size_t count(const struct member *m, const struct wire_forward *f)
{
	const struct in6_addr six = join_ipv6(m->join, &m->network->bridge);
	size_t ports = (size_t)(f->last - f->port) + 1;

	if (f->family == AF_UNIX)
		return 0;
	return f->family == AF_UNSPEC && !IN6_IS_ADDR_UNSPECIFIED(&six) ? 2 * ports : ports;
}

/* Its elements stand in the order of the forwards. */
static int del(struct member *m, const struct wire_forward *forward, struct err *err)
{
	struct wire_net_join *join = m->join;
	const struct nft_content none = { 0 };
	struct nft_content gone = { 0 };
	size_t from = 0;
	uint32_t i = 0;
	int r;

	for (; i < join->n_forwards && !net_forward_same(&join->forwards[i], forward); i++)
		from += count(m, &join->forwards[i]);
	if (i == join->n_forwards)
		return err_set(err, ENOENT, "there is no such forward");
	if (join_forward_elements(join, &m->network->bridge, forward, &gone.forwards) < 0) {
		nft_content_done(&gone);
		return err_nomem(err);
	}
	cut(m, from, gone.forwards.n);
	if (forward->family == AF_UNIX)
		sockets_drop(m, forward->path);
	wire_join_del_forward(join, &m->join_len, i);
	r = network_change(m->network, &gone, &none, err);
	if (r >= 0)
		r = conntrack_forget_forwarded(&gone.forwards, err);
	nft_content_done(&gone);
	return r;
}

int member_change(struct netd *netd, const struct wire_client *client, const struct wire_forward_change *change,
		  struct err *err)
{
	struct member *m = member_of(netd, client);
	int r;

	if (!m)
		return err_set(err, ENOTCONN, "the container is not on the network");
	r = join_check_forward(&change->forward, err);
	if (r >= 0)
		r = join_check_family(m->join, &m->network->bridge, &change->forward, err);
	if (r < 0)
		return r;
	r = change->del ? del(m, &change->forward, err) : add(m, &change->forward, err);
	if (r < 0)
		return r;
	log_info("'%s': a forward has %s", m->join->name, change->del ? "gone" : "come");
	wake_joined(m);
	return 0;
}
