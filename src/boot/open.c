/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The root of a container at rest, as its own root would see it: mounted nowhere, gone with the last descriptor. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "boot/boot.h"
#include "boot/internal.h"
#include "boot/result.h"

/* A user namespace needs a process to be made in; it may end once somebody has it open. */
static int make_userns(struct boot *b, struct err *err)
{
	const struct ns_clone how = { .map = &b->spec.container.idmap, .cgroup = -1 };
	autoclose int ours = -1;
	int pair[2], r;

	if (b->spec.container.idmap.mode == IDMAP_NONE)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "make a socket pair");
	ours = pair[0];
	b->pid = ns_clone(&how, &b->pidfd, err);
	if (b->pid == 0) {
		close(steal_fd(&ours));
		_exit(read(pair[1], &r, sizeof r) != 0); /* until the other end is closed */
	}
	close(pair[1]);
	if (b->pid < 0)
		return b->pid;
	r = ns_map_ids(b->pid, &b->spec.container.idmap, &b->userns, err);
	close(steal_fd(&ours));
	waitpid(b->pid, NULL, 0);
	return r;
}

/* 1 when it runs. */
static int open_root(struct boot *b, const struct boot_request *q, struct err *err)
{
	int r = store_open(&b->store, q->path, err);

	if (r == 0)
		r = boot_begin(b, STORE_WORKING, err);
	if (r == 0)
		r = boot_load(b, err);
	if (r == 0)
		r = make_userns(b, err);
	return r == 0 ? boot_open_storage(b, err) : r;
}

int boot_open(const struct boot_request *q)
{
	struct boot_result result = { 0 };
	struct boot b;
	int r;

	boot_init(&b, q->name, q->path);
	r = open_root(&b, q, &result.err);
	result.code = r < 0 ? -r : 0;
	result.already = r == 1;
	const int fds[BOOT_OPEN_FDS] = { b.lock, b.tree, b.userns };
	r = fd_send(BOOT_RESULT_FD, &result, sizeof result, fds, r == 0 ? 2 + (b.userns >= 0) : 0);
	return result.code || r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
