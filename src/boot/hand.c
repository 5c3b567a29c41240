/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a start to the lean process that stays. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/debug.h"
#include "base/str.h"
#include "boot/internal.h"

#define SUPERVISOR MGR_LIBEXECDIR "/mgr-supervisor"

static uint64_t now_real(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void fill_fds(const struct boot *b, struct handover *h)
{
	h->init_pidfd = b->pidfd;
	h->lock = b->lock;
	h->rundir = b->rundir;
	h->folder = b->folder;
	h->control = b->control;
	h->console_peer = b->console_peer;
	h->notify = b->notify;
	h->diag = b->diag;
	h->log = b->log;
	h->console_log = b->console_log;
	h->log_max = STORE_LOG_MAX;
	h->log_level = b->spec.log.level;
	h->console_log_max = b->spec.console.size;
	h->seccomp = b->seccomp;
	h->n_namespaces = (uint32_t)b->n_namespaces;
	memcpy(h->namespaces, b->namespaces, sizeof h->namespaces);
	h->disk = b->disk;
	h->storage_use = b->storage_use;
	h->served = b->served;
}

static void fill_guest_init(const struct boot *b, struct handover *h)
{
	const struct init_conf *init = &b->spec.init;
	const char *path = b->argv.v[0];

	h->ready = init->ready.how;
	h->ready_port = init->ready.port;
	h->halt_signal = init->halt ? init->halt : init_halt_signal(b->tree, path);
	h->reboot_signal = init->reboot ? init->reboot : init_reboot_signal(b->tree, path);
}

/* mgr-init passes signals on. What the command was given is gone once it ends: there is no second run. */
static void fill_command(struct handover *h)
{
	h->ready = HANDOVER_READY_EXEC;
	h->halt_signal = SIGTERM;
	h->reboot_signal = SIGTERM;
	h->once = 1;
}

static void fill_init(const struct boot *b, struct handover *h)
{
	const struct init_conf *init = &b->spec.init;

	h->init_pid = b->pid;
	if (b->command.argv)
		fill_command(h);
	else
		fill_guest_init(b, h);
	h->stop_signal = init->stop;
	h->init_uid = b->root_uid;
	h->cap_keep = b->cap_keep;
	h->no_new_privs = b->spec.container.no_new_privs;
	h->idmapped = b->spec.container.idmap.mode != IDMAP_NONE;
}

static void fill_cgroups(const struct boot *b, struct handover *h)
{
	for (size_t i = 0; i < b->cgroup.n && h->n_cgroups < HANDOVER_HIERARCHIES; i++)
		if (b->cgroup.h[i].dir >= 0)
			h->cgroups[h->n_cgroups++] = b->cgroup.h[i].dir;
	h->cgroup_v2 = cgroup_clone_fd(&b->cgroup) >= 0;
}

static int fill_network(const struct boot *b, struct handover *h, struct err *err)
{
	h->netd = b->net.conn;
	if (!b->net.join)
		return 0;
	return handover_put_join(h, b->net.join, err);
}

/* What those of the last run had said stays to be seen. */
static void fill_terminals(const struct boot *b, struct handover *h)
{
	h->history = b->spec.console.buffer;
	h->n_terminals = (uint32_t)b->n_ttys + 1;
	for (uint32_t i = 0; i < h->n_terminals; i++) {
		if (b->from && i < b->from->n_terminals)
			h->terminals[i] = b->from->terminals[i];
		h->terminals[i].master = i == 0 ? b->console : b->ttys[i - 1];
	}
}

static void keep_clients(const struct boot *b, struct handover *h)
{
	const struct handover *from = b->from;

	if (b->client >= 0) {
		h->clients[h->n_clients++] = b->client;
		h->attended = b->command.argv != NULL;
	}
	if (!from)
		return;
	h->run = from->run + 1;
	h->short_runs = from->short_runs;
	h->told = from->told;
	h->n_clients = from->n_clients;
	memcpy(h->clients, from->clients, sizeof h->clients);
	h->watching = from->watching;
	memcpy(h->viewers, from->viewers, sizeof h->viewers);
}

int boot_hand_over(struct boot *b, struct err *err)
{
	static struct handover h;
	char number[16];
	int fd;

	boot_register(b);
	handover_init(&h);
	if (str_print(h.name, sizeof h.name, "%s", b->name) < 0 || str_print(h.path, sizeof h.path, "%s", b->path) < 0)
		return err_set(err, ENAMETOOLONG, "the container's name or path is too long");
	h.started = now_real();
	fill_fds(b, &h);
	fill_terminals(b, &h);
	fill_init(b, &h);
	fill_cgroups(b, &h);
	keep_clients(b, &h);
	if (fill_network(b, &h, err) < 0)
		return -err->code;
	fd = handover_write(&h, err);
	if (fd < 0)
		return fd;
	str_print(number, sizeof number, "%d", fd);
	debug_point(b->from ? "reboot:up" : "boot:up", "handover");
	execve(SUPERVISOR, (char *const[]){ (char *)(uintptr_t)SUPERVISOR, number, NULL }, environ);
	return err_sys(err, errno, "run '%s'", SUPERVISOR);
}
