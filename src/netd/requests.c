/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-netd is asked. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "netd/netd.h"

static struct netd *netd_of(struct wire_client *client)
{
	return client->server->data;
}

static int handle_join(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	int r = member_join(netd_of(client), payload, len, client, err);

	return r < 0 ? r : wire_client_send(client, WIRE_NET_JOIN, NULL, 0, NULL, 0);
}

static int check_leave(const struct wire_net_leave *leave, struct err *err)
{
	if (!memchr(leave->uuid, '\0', sizeof leave->uuid))
		return err_set(err, EBADMSG, "the request is malformed");
	return join_check_uuid(leave->uuid, err);
}

static int handle_leave(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	const struct wire_net_leave *leave = payload;
	struct netd *netd = netd_of(client);
	struct conntrack_guests was = { 0 };
	struct member *m;
	int r;

	(void)len;
	r = check_leave(leave, err);
	if (r < 0)
		return r;
	member_leave_sides(netd, leave->uuid, &was);
	m = member_find(netd, leave->uuid);
	if (m) {
		wake_leaving(m);
		member_leave(m, &was);
	}
	r = wire_client_send(client, WIRE_NET_LEAVE, NULL, 0, NULL, 0);
	member_end_flows(&was); /* no request is taken meanwhile: whoever has the address next gets none of them */
	return r;
}

static int handle_forward(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct wire_forward_change change = { 0 };
	int r;

	memcpy(&change, payload, len);
	r = member_change(netd_of(client), client, &change, err);
	return r < 0 ? r : wire_client_send(client, WIRE_NET_FORWARD, NULL, 0, NULL, 0);
}

/* The network that a request is about: its name, or nothing for the default one. NULL, -ENOENT in err: it is not known. */
static struct network *network_of(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	char name[LEASE_NETWORK + 1] = "";
	struct network *network;

	memcpy(name, payload, len);
	network = network_find(netd_of(client), name);
	if (!network)
		err_set(err, ENOENT, "network '%s' is not up", name);
	return network;
}

static void count(const struct network *network, struct wire_net_status *status)
{
	for (const struct member *m = network->netd->members; m; m = m->next) {
		if (m->network != network)
			continue;
		status->containers++;
		status->forwards += (uint32_t)member_ports(m, 0, m->elements.n);
	}
}

static int send_status(struct wire_client *client, const struct network *network)
{
	struct wire_net_status status = { .netd_pid = getpid() };
	struct err trouble = { 0 };

	count(network, &status);
	status.stays = network->stays;
	status.waiting = wake_resting(network);
	if (network->up) {
		network_trouble(network, &trouble);
		status.net = network->bridge.net;
		status.prefix = network->bridge.prefix;
		status.dnsmasq_pid = network->dns.pid;
		if (network->bridge.has6)
			status.net6 = network->bridge.net6;
		else
			str_print(status.no6, sizeof status.no6, "%s", network->bridge.why6);
		str_print(status.bridge, sizeof status.bridge, "%s", network->bridge.name);
		str_print(status.domain, sizeof status.domain, "%s", network->dns.domain);
	}
	str_print(status.cause, sizeof status.cause, "%.250s", trouble.code ? trouble.msg : "");
	return wire_client_send(client, WIRE_NET_STATUS, &status, sizeof status, NULL, 0);
}

void netd_status_known(void *data)
{
	const struct network *network = data;

	for (struct wire_client *c = network->netd->server.clients; c; c = c->next) {
		if (c->due != WIRE_NET_STATUS || c->data != network)
			continue;
		c->due = 0;
		send_status(c, network);
	}
}

/* Where there are old iptables, they are asked first. */
static int handle_status(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	const struct wire_net_status none = { .netd_pid = getpid() };
	struct network *network = network_of(client, payload, len, NULL);

	(void)err;
	if (!network)
		return wire_client_send(client, WIRE_NET_STATUS, &none, sizeof none, NULL, 0);
	if (!network->up || !legacy_ask(&network->legacy, true))
		return send_status(client, network);
	client->due = WIRE_NET_STATUS;
	client->data = network;
	return 0;
}

static int handle_up(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct netd *netd = netd_of(client);
	char name[LEASE_NETWORK + 1] = "";
	struct network *network;
	int r;

	memcpy(name, payload, len);
	network = network_get(netd, name, err);
	r = network ? network_up(network, err) : -err->code;
	if (r >= 0)
		r = network_stay(network, true, err);
	netd_consider_ending(netd);
	if (r < 0)
		return r;
	loop_timer_stop(netd->loop, &netd->idle);
	return wire_client_send(client, WIRE_NET_UP, NULL, 0, NULL, 0);
}

/* Refuses nothing: containers that use the network keep it until they stop. The answer comes when it is gone, if it goes. */
static int handle_down(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct netd *netd = netd_of(client);
	struct network *network = network_of(client, payload, len, NULL);

	if (network)
		network_stay(network, false, err);
	netd_consider_ending(netd);
	if (network)
		network_idle(network);
	netd_idle(netd);
	return wire_client_send(client, WIRE_NET_DOWN, NULL, 0, NULL, 0);
}

/* Containers' supervisors start the next one when this one ends. */
static int handle_repair(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct netd *netd = netd_of(client);
	struct wire_net_repair reply = { .ends = netd_is_replaced() };
	int r = 0;

	(void)payload, (void)len;
	for (struct network *network = netd->networks; network && r >= 0 && !reply.ends; network = network->next) {
		if (network_is_left(network))
			r = network_up(network, err);
		if (r >= 0 && network->up)
			r = network_repair(network, err);
	}
	if (r < 0)
		return r;
	if (reply.ends) {
		log_info("another mgr-netd is installed: leaving everything to it");
		loop_quit(netd->loop);
	}
	return wire_client_send(client, WIRE_NET_REPAIR, &reply, sizeof reply, NULL, 0);
}

static int handle_wait(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	int r = wake_rest(netd_of(client), payload, len, err);

	if (r < 0 && err)
		log_warn("a container cannot wait for a connection: %s", err->msg);
	return r < 0 ? r : wire_client_send(client, WIRE_NET_WAIT, NULL, 0, NULL, 0);
}

static int handle_forget(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	const struct wire_net_leave *leave = payload;
	int r = check_leave(leave, err);

	(void)len;
	if (r < 0)
		return r;
	wake_forget(netd_of(client), leave->uuid);
	return wire_client_send(client, WIRE_NET_FORGET, NULL, 0, NULL, 0);
}

static int handle_doze(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	const struct wire_net_doze *doze = payload;
	struct member *m = member_of(netd_of(client), client);
	int r = m && doze->state < WIRE_STATES ? wake_doze(m, (enum wire_state)doze->state, err) : 0;

	(void)len;
	return r < 0 ? r : wire_client_send(client, WIRE_NET_DOZE, NULL, 0, NULL, 0);
}

const struct wire_request netd_requests[] = {
	{ WIRE_NET_JOIN, WIRE_NET_JOIN_MIN, WIRE_JOIN_MAX, handle_join },
	{ WIRE_NET_LEAVE, sizeof(struct wire_net_leave), sizeof(struct wire_net_leave), handle_leave },
	{ WIRE_NET_STATUS, 0, LEASE_NETWORK, handle_status },
	{ WIRE_NET_UP, 0, LEASE_NETWORK, handle_up },
	{ WIRE_NET_DOWN, 0, LEASE_NETWORK, handle_down },
	{ WIRE_NET_FORWARD, WIRE_FORWARD_CHANGE_MIN, sizeof(struct wire_forward_change), handle_forward },
	{ WIRE_NET_REPAIR, 0, 0, handle_repair },
	{ WIRE_NET_WAIT, WIRE_NET_JOIN_MIN, WIRE_JOIN_MAX, handle_wait },
	{ WIRE_NET_FORGET, sizeof(struct wire_net_leave), sizeof(struct wire_net_leave), handle_forget },
	{ WIRE_NET_DOZE, sizeof(struct wire_net_doze), sizeof(struct wire_net_doze), handle_doze },
	{ 0 },
};

void netd_closed(struct wire_client *client)
{
	struct conntrack_guests was = { 0 };
	struct netd *netd = netd_of(client);

	for (struct member *m = netd->members, *next; m; m = next) {
		next = m->next;
		if (m->client != client)
			continue;
		if (!m->side)
			wake_leaving(m);
		member_leave(m, &was);
	}
	member_end_flows(&was);
	wake_closed(netd, client);
}
