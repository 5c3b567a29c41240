/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the control socket is asked. */
#include <errno.h>
#include <string.h>

#include "supervisor/supervisor.h"
#include "wire/attach.h"
#include "wire/console.h"
#include "wire/device.h"

static int answer_status(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct wire_status st;

	(void)payload, (void)len, (void)err;
	supervisor_status(client->server->data, &st);
	wire_client_send(client, WIRE_STATUS, &st, sizeof st, NULL, 0);
	return 0;
}

static int answer_watch(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct wire_status st;

	(void)payload, (void)len, (void)err;
	client->watching = true;
	supervisor_status(client->server->data, &st);
	wire_client_send(client, WIRE_WATCH, &st, sizeof st, NULL, 0);
	return 0;
}

static int answer_stop(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	struct wire_stop stop;
	int r;

	memcpy(&stop, payload, len);
	r = supervisor_stop(client->server->data, stop.how, stop.timeout, err);
	if (r >= 0)
		wire_client_send(client, WIRE_STOP, NULL, 0, NULL, 0);
	return r;
}

static int answer_attach(struct wire_client *client, const void *payload, size_t len, struct err *err)
{
	const struct supervisor *s = client->server->data;
	struct wire_attach_ask ask = { 0 };
	int fds[WIRE_ATTACH_FDS];
	size_t n = 0;

	if (len)
		memcpy(&ask, payload, sizeof ask);
	if (!s->init)
		return err_set(err, ESRCH, "is not running");
	if (!ask.files && (s->state == WIRE_FREEZING || s->state == WIRE_FROZEN))
		return err_set(err, EBUSY, "is frozen: mgr-unfreeze lets it run on");
	struct wire_attach a = {
		.init_pid = s->init,
		.init_uid = s->init_uid,
		.cap_keep = s->cap_keep,
		.no_new_privs = s->no_new_privs,
		.idmapped = s->idmapped,
		.n_cgroups = s->n_cgroups,
		.cgroup_v2 = s->cgroup_v2,
		.has_seccomp = s->seccomp >= 0,
	};
	fds[n++] = s->init_pidfd;
	for (uint32_t i = 0; i < s->n_cgroups; i++)
		fds[n++] = s->cgroups[i];
	if (s->seccomp >= 0)
		fds[n++] = s->seccomp;
	wire_client_send(client, WIRE_ATTACH, &a, sizeof a, fds, n);
	return 0;
}

const struct wire_request supervisor_requests[] = {
	{ WIRE_STATUS, 0, 0, answer_status },
	{ WIRE_WATCH, 0, 0, answer_watch },
	{ WIRE_STOP, sizeof(struct wire_stop), sizeof(struct wire_stop), answer_stop },
	{ WIRE_ATTACH, 0, sizeof(struct wire_attach_ask), answer_attach },
	{ WIRE_FREEZE, sizeof(struct wire_freeze), sizeof(struct wire_freeze), answer_freeze },
	{ WIRE_THAW, 0, 0, answer_thaw },
	{ WIRE_FORWARD, WIRE_FORWARD_CHANGE_MIN, sizeof(struct wire_forward_change), forward_ask },
	{ WIRE_CONSOLE, sizeof(struct wire_console), sizeof(struct wire_console), viewers_open },
	{ WIRE_CONSOLE_DATA, 1, WIRE_CONSOLE_MOST, viewers_type },
	{ WIRE_CONSOLE_SIZE, sizeof(struct wire_console_size), sizeof(struct wire_console_size), viewers_resize },
	{ WIRE_DEVICE, 2, WIRE_DEVICE_MOST, device_ask },
	{ 0, 0, 0, NULL },
};
