/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports of a running container: mgr-netd has the last word, then what the run goes by is changed too: what is sent to a netd
 * that is started anew, what a reboot inside begins with, and the configuration in force that mgr-info shows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "boot/assign.h"
#include "conf/edit.h"
#include "net/forward.h"
#include "supervisor/supervisor.h"

#define SECTION  "forward"
#define KEY      "port"
#define SPEC_MAX (1 << 20)

static int find(const struct wire_net_join *join, const struct wire_forward *forward)
{
	for (uint32_t i = 0; i < join->n_forwards; i++)
		if (net_forward_same(&join->forwards[i], forward))
			return (int)i;
	return -1;
}

/* What its forwards go to is net.0, of which a later start makes sure. */
static bool has_target(const struct wire_net_join *join)
{
	const struct wire_net_nic *nics = wire_join_nics(join);

	for (uint32_t i = 0; i < join->n_nics; i++)
		if (str_eq(nics[i].veth, join->veth))
			return nics[i].index == 0;
	return true;
}

static int check_add(const struct supervisor *s, const struct wire_forward *forward, struct err *err)
{
	const struct wire_net_join *join = s->netd.join;

	if (net_forward_check(forward, err) < 0)
		return -err->code;
	if (!has_target(join))
		return err_set(err, EOPNOTSUPP, "net.0 has no IPv4 address on the managed network to forward to");
	for (uint32_t i = 0; i < join->n_forwards; i++) {
		autocall(str_done) struct str text = { 0 };
		if (net_forward_same(&join->forwards[i], forward))
			return 1;
		if (!net_forward_clash(&join->forwards[i], forward))
			continue;
		net_forward_print(&join->forwards[i], &text);
		return err_set(err, EADDRINUSE, "the container has '%s' already, which wants the same port of the host",
			       str_text(&text));
	}
	if (wire_join_packed(join) + sizeof *forward > WIRE_JOIN_MAX)
		return err_set(err, E2BIG, "%u forwards are as many as a container can have: a range of ports is one",
			       (unsigned)join->n_forwards);
	return 0;
}

static int check(const struct supervisor *s, const struct wire_forward_change *change, struct err *err)
{
	autocall(str_done) struct str text = { 0 };

	if (!s->init || s->ended)
		return err_set(err, ESRCH, "is not running");
	if (!s->netd.join_len)
		return err_set(err, EOPNOTSUPP, "is not on the managed network: there is no address to forward to");
	if (s->netd.changing || s->device)
		return err_set(err, EBUSY, "another change of its network is under way");
	if (s->netd.sock < 0)
		return err_set(err, EAGAIN, "the network's service is being started again: try again");
	if (!change->del)
		return check_add(s, &change->forward, err);
	if (find(s->netd.join, &change->forward) >= 0)
		return 0;
	net_forward_print(&change->forward, &text);
	return err_set(err, ENOENT, "'%s' is not forwarded", str_text(&text));
}

int forward_ask(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct supervisor *s = client->server->data;
	struct wire_forward_change change = { 0 };
	int r;

	memcpy(&change, payload, len);
	r = check(s, &change, err);
	if (r > 0) /* it is there already */
		return wire_client_send(client, WIRE_FORWARD, NULL, 0, NULL, 0);
	if (r == 0)
		r = wire_send(s->netd.sock, WIRE_NET_FORWARD, 0, &change, wire_forward_change_length(&change), NULL, 0, err);
	if (r < 0)
		return r;
	s->netd.change = change;
	s->netd.asking = client;
	s->netd.changing = true;
	return 0;
}

void forward_client_gone(struct supervisor *s, const struct wire_client *client)
{
	if (s->netd.asking == client)
		s->netd.asking = NULL;
}

static int change_join(struct supervisor *s, struct err *err)
{
	const struct wire_forward *forward = &s->netd.change.forward;
	int i = find(s->netd.join, forward);

	if (s->netd.change.del && i >= 0)
		wire_join_del_forward(s->netd.join, &s->netd.join_len, (uint32_t)i);
	else if (!s->netd.change.del && i < 0 && wire_join_add_forward(&s->netd.join, &s->netd.join_len, forward) < 0)
		return err_nomem(err);
	return 0;
}

static int list(const struct supervisor *s, struct strv *ret, struct err *err)
{
	const struct wire_net_join *join = s->netd.join;

	for (uint32_t i = 0; i < join->n_forwards; i++) {
		struct str text = { 0 };
		net_forward_print(&join->forwards[i], &text);
		if (strv_take(ret, str_steal(&text)) < 0)
			return err_nomem(err);
	}
	return 0;
}

/* One line of the text of the configuration in force, which is as net_forward_print writes. */
static int change_spec(const struct supervisor *s, struct err *err)
{
	const struct wire_forward_change *change = &s->netd.change;
	autocall(str_done) struct str text = { 0 }, value = { 0 };
	autofree char *old = NULL;
	int r = file_read_at(s->rundir, "spec", SPEC_MAX, &old, NULL, err);

	if (r < 0)
		return r;
	net_forward_print(&change->forward, &value);
	edit_text(old, change->del ? EDIT_DROP : EDIT_ADD, SECTION, strlen(SECTION), KEY, str_text(&value), &text);
	if (text.failed || value.failed)
		return err_nomem(err);
	return file_replace_at(s->rundir, "spec", str_text(&text), text.len, 0600, err);
}

static int keep(struct supervisor *s, struct err *err)
{
	autocall(strv_done) struct strv forwards = { 0 };
	int r = change_join(s, err);

	if (r >= 0)
		r = list(s, &forwards, err);
	if (r >= 0)
		r = boot_assign_again(s->rundir, SECTION "." KEY, &forwards, err);
	if (r >= 0)
		r = change_spec(s, err);
	return r < 0 ? err_wrap(err, "it is done, but does not hold over a reboot inside") : 0;
}

void forward_answered(struct supervisor *s, const struct err *why)
{
	struct wire_client *client = s->netd.asking;
	struct err err = { 0 };

	if (!s->netd.changing)
		return;
	s->netd.changing = false;
	s->netd.asking = NULL;
	if (why)
		err = *why;
	else
		keep(s, &err);
	if (err.code)
		log_warn("forward: %s", err.msg);
	if (client && err.code)
		wire_client_refuse(client, WIRE_FORWARD, &err);
	else if (client)
		wire_client_send(client, WIRE_FORWARD, NULL, 0, NULL, 0);
}
