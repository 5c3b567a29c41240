/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "supervisor/supervisor.h"

/* The struct is large and needed for a moment only: in pages of its own, which go back to the kernel. */
static struct handover *map_handover(struct err *err)
{
	void *p = mmap(NULL, sizeof(struct handover), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		return p;
	err_nomem(err);
	return NULL;
}

static int take_text(struct supervisor *s, struct handover *h, struct err *err)
{
	memcpy(s->name, h->name, sizeof s->name);
	s->path = strdup(h->path);
	if (!s->path)
		return err_nomem(err);
	if (!h->join_len && h->join_file < 0)
		return 0;
	s->netd.join = handover_take_join(h, &s->netd.join_len, err);
	return s->netd.join ? 0 : -err->code;
}

static void take_rest(struct supervisor *s, const struct handover *h)
{
	s->run = h->run;
	s->once = h->once;
	s->started = h->started;
	s->since = clock_now();
	s->short_runs = h->short_runs;
	s->reboot_rest.deadline = CLOCK_NEVER;
	s->init = h->init_pid;
	s->init_pidfd = h->init_pidfd;
	s->lock = h->lock;
	s->rundir = h->rundir;
	s->folder = h->folder;
	s->control = h->control;
	s->notify = h->notify;
	s->diag = h->diag;
	s->log = h->log;
	s->log_max = h->log_max;
	s->log_level = h->log_level < LOG_LEVELS ? (enum log_level)h->log_level : LOG_INFO;
	s->halt_signal = h->halt_signal;
	s->reboot_signal = h->reboot_signal;
	s->stop_signal = h->stop_signal;
	s->ready_by = (enum handover_ready)h->ready;
	s->ready_port = (uint16_t)h->ready_port;
	s->init_uid = h->init_uid;
	s->no_new_privs = h->no_new_privs;
	s->idmapped = h->idmapped;
	s->cap_keep = h->cap_keep;
	s->seccomp = h->seccomp;
	s->n_cgroups = h->n_cgroups;
	s->cgroup_v2 = h->cgroup_v2;
	memcpy(s->cgroups, h->cgroups, sizeof s->cgroups);
	s->n_namespaces = h->n_namespaces;
	memcpy(s->namespaces, h->namespaces, sizeof s->namespaces);
	s->disk = h->disk;
	s->storage_use = h->storage_use;
	s->served = h->served;
	s->failing_fs = s->failing_server = -1;
	s->told = h->told;
	s->netd.sock = h->netd;
	s->netd.again.deadline = CLOCK_NEVER;
	s->freeze.look.deadline = s->freeze.late.deadline = CLOCK_NEVER;
	s->oom = (struct oom){ .file = -1, .event = -1, .rest = { .deadline = CLOCK_NEVER } };
	s->kill.deadline = s->ask.deadline = s->port_look.deadline = s->notify_rest.deadline = CLOCK_NEVER;
}

/* The clients of the run before, when this one follows a reboot. */
static void take_clients(struct supervisor *s, const struct handover *h)
{
	for (uint32_t i = 0; i < h->n_clients; i++) {
		struct wire_client *c = wire_server_adopt(&s->server, h->clients[i]);
		if (!c)
			continue;
		if (h->attended && i == 0)
			s->attends = c;
		c->watching = h->watching >> i & 1;
		viewers_adopt(c, &h->viewers[i]);
	}
}

static void client_gone(struct wire_client *client)
{
	struct supervisor *s = client->server->data;

	forward_client_gone(s, client);
	device_client_gone(s, client);
	viewers_closed(client);
	if (client == s->attends)
		supervisor_left_alone(s);
}

int take_over(struct supervisor *s, int handover, struct err *err)
{
	struct handover *h = map_handover(err);
	int r;

	if (!h)
		return -ENOMEM;
	r = handover_read(handover, h, err);
	if (r >= 0)
		r = take_text(s, h, err);
	if (r >= 0) {
		take_rest(s, h);
		s->server = (struct wire_server){
			.requests = supervisor_requests,
			.max_clients = HANDOVER_CLIENTS,
			.closed = client_gone,
			.writable = viewers_writable,
			.data = s,
		};
		r = console_take(s, h, err);
	}
	if (r >= 0) {
		r = wire_server_start(&s->server, s->loop, s->control, err);
	}
	if (r >= 0)
		take_clients(s, h);
	munmap(h, sizeof *h);
	return r;
}

static void give_clients(const struct supervisor *s, struct handover *h)
{
	for (const struct wire_client *c = s->server.clients; c && h->n_clients < HANDOVER_CLIENTS; c = c->next) {
		if (c->watching)
			h->watching |= UINT64_C(1) << h->n_clients;
		viewers_give(c, &h->viewers[h->n_clients]);
		h->clients[h->n_clients++] = c->sock;
	}
}

int hand_over(const struct supervisor *s, struct err *err)
{
	struct handover *h = map_handover(err);
	int fd = 0;

	if (!h)
		return -ENOMEM;
	handover_init(h);
	memcpy(h->name, s->name, sizeof h->name);
	str_print(h->path, sizeof h->path, "%s", s->path);
	h->run = s->run;
	h->started = s->started;
	h->short_runs = s->short_runs;
	h->lock = s->lock;
	h->rundir = s->rundir;
	h->folder = s->folder;
	h->control = s->control;
	h->log = s->log;
	h->log_max = s->log_max;
	console_give(s, h);
	h->netd = s->netd.sock;
	if (s->netd.join)
		fd = handover_put_join(h, s->netd.join, err);
	h->n_namespaces = s->n_namespaces;
	memcpy(h->namespaces, s->namespaces, sizeof h->namespaces);
	h->disk = s->disk;
	h->storage_use = s->storage_use;
	h->unserved = s->unserved != 0;
	h->failing = s->failing != 0;
	h->told = s->reboot_wish;
	give_clients(s, h);
	if (fd >= 0)
		fd = handover_write(h, err);
	if (fd < 0 && h->join_file >= 0)
		close(h->join_file);
	munmap(h, sizeof *h);
	return fd;
}
