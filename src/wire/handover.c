/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "wire/net.h"

void handover_init(struct handover *h)
{
	memset(h, 0, sizeof *h);
	h->version = HANDOVER_VERSION;
	h->size = sizeof *h;
	h->init_pidfd = h->lock = h->rundir = h->folder = h->control = -1;
	h->console_peer = h->notify = h->diag = h->log = h->console_log = h->netd = -1;
	h->seccomp = h->join_file = h->disk = h->storage_use = h->served = -1;
	for (size_t i = 0; i < HANDOVER_HIERARCHIES; i++)
		h->cgroups[i] = -1;
	for (size_t i = 0; i < HANDOVER_CLIENTS; i++)
		h->clients[i] = -1;
	for (size_t i = 0; i < HANDOVER_TERMINALS; i++)
		h->terminals[i].master = h->terminals[i].ring = -1;
}

int handover_put_join(struct handover *h, const struct wire_net_join *join, struct err *err)
{
	uint32_t len;
	int r = wire_join_stow(join, h->join, sizeof h->join, &len, &h->join_file, err);

	h->join_len = h->join_file < 0 ? len : 0;
	h->join_file_len = h->join_file < 0 ? 0 : len;
	return r;
}

struct wire_net_join *handover_take_join(struct handover *h, size_t *ret_len, struct err *err)
{
	autoclose int file = h->join_file;

	h->join_file = -1;
	return wire_join_unstow(h->join, file < 0 ? h->join_len : h->join_file_len, file, ret_len, err);
}

static int set_flag(int fd, int flags)
{
	return fd < 0 ? 0 : fcntl(fd, F_SETFD, flags);
}

/* F_SETFD on each descriptor that is named. 0 or -errno. */
static int set_flags(const struct handover *h, int flags)
{
	const int32_t one[] = { h->init_pidfd, h->lock, h->rundir,      h->folder,      h->control, h->console_peer,
				h->notify,     h->diag, h->log,         h->console_log, h->netd,    h->seccomp,
				h->join_file,  h->disk, h->storage_use, h->served };
	const struct {
		const int32_t *v;
		size_t n;
	} lists[] = { { one, ARRAY_SIZE(one) },
		      { h->cgroups, h->n_cgroups },
		      { h->clients, h->n_clients },
		      { h->namespaces, h->n_namespaces } };

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
		for (size_t i = 0; i < lists[l].n; i++)
			if (set_flag(lists[l].v[i], flags) < 0)
				return -errno;
	for (size_t i = 0; i < h->n_terminals; i++)
		if (set_flag(h->terminals[i].master, flags) < 0 || set_flag(h->terminals[i].ring, flags) < 0)
			return -errno;
	return 0;
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool sound(const struct handover *h)
{
	return h->version == HANDOVER_VERSION && h->size >= HANDOVER_MIN && terminated(h->name, sizeof h->name) &&
	       terminated(h->path, sizeof h->path) && h->n_cgroups <= HANDOVER_HIERARCHIES &&
	       h->n_clients <= HANDOVER_CLIENTS && h->n_terminals <= HANDOVER_TERMINALS &&
	       h->n_namespaces <= HANDOVER_NAMESPACES && h->join_len <= HANDOVER_JOIN_MAX;
}

int handover_write(const struct handover *h, struct err *err)
{
	autoclose int fd = -1;
	int r;

	if (!sound(h))
		return err_set(err, EINVAL, "hand over '%.63s': malformed", h->name);
	r = set_flags(h, 0);
	if (r < 0)
		return err_sys(err, -r, "hand over the descriptors of '%s'", h->name);
	fd = fd_sealed("mgr-handover", h, sizeof *h, err);
	if (fd < 0)
		return fd;
	r = fd_keep(fd);
	return r < 0 ? err_sys(err, -r, "hand over '%s'", h->name) : steal_fd(&fd);
}

int handover_read(int fd, struct handover *h, struct err *err)
{
	autoclose int own = fd;
	ssize_t n;
	int r;

	handover_init(h);
	do
		n = pread(fd, h, sizeof *h, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, errno, "read the handover");
	if (!sound(h) || (size_t)n != (h->size < sizeof *h ? h->size : sizeof *h))
		return err_set(err, EPROTO, "read the handover: another version, or malformed");
	h->size = sizeof *h;
	r = set_flags(h, FD_CLOEXEC);
	return r < 0 ? err_sys(err, -r, "take over the descriptors of '%s'", h->name) : 0;
}
