/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the supervisor hands out to who wants to enter. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "attach/internal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "wire/wire.h"

#define ASK_TIME (3 * CLOCK_SECOND)

int entry_ask(const struct store *store, const char *name, bool files, struct entry *e, struct err *err)
{
	autoclose int run = store_runtime(store, name, false, err), sock = -1;
	const struct wire_attach_ask request = { .files = files };
	const uint64_t deadline = clock_in(ASK_TIME);
	int fds[WIRE_ATTACH_FDS];
	size_t n = 0, at = 0;

	if (run < 0)
		return run == -ENOENT ? err_set(err, ESRCH, "is not running") : run;
	sock = wire_connect_by(run, "control", deadline, err);
	if (sock == -ENOENT || sock == -ECONNREFUSED)
		return err_set(err, ESRCH, "is not running");
	int r = sock < 0 ? sock : wire_send(sock, WIRE_ATTACH, 0, &request, files ? sizeof request : 0, NULL, 0, err);
	if (r == 0)
		r = wire_recv(sock, WIRE_ATTACH, &e->who, sizeof e->who, fds, WIRE_ATTACH_FDS, &n, deadline, err);
	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT, "its supervisor does not answer");
	if (r < 0)
		return r;
	if (r != sizeof e->who || n != 1 + e->who.n_cgroups + (e->who.has_seccomp != 0) ||
	    e->who.n_cgroups > CGROUP_HIERARCHIES) {
		while (n > 0)
			close(fds[--n]);
		return err_set(err, EPROTO, "its supervisor gave an answer that makes no sense");
	}
	e->init = fds[at++];
	for (uint32_t i = 0; i < e->who.n_cgroups; i++)
		e->cgroup.h[e->cgroup.n++] = (struct cgroup_hierarchy){ .v2 = e->who.cgroup_v2 && i == 0, .dir = fds[at++] };
	if (e->who.has_seccomp)
		e->seccomp = fds[at];
	return 0;
}

void entry_done(struct entry *e)
{
	cgroup_done(&e->cgroup);
	if (e->init >= 0)
		close(e->init);
	if (e->seccomp >= 0)
		close(e->seccomp);
	free(e->label);
}
