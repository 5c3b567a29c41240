/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Talking to mgr-netd, which is started by whoever needs it first. Needs no library but the C library. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "net/net.h"
#include "wire/wire.h"

#define PROGRAM MGR_LIBEXECDIR "/mgr-netd"

static int open_folder(const struct store *store, bool make, struct err *err)
{
	autofree char *path = str_fmt("%s/.net", store->manager_run);
	int r, fd;

	if (!path)
		return err_nomem(err);
	if (make) {
		r = store_make(store, err);
		if (r == 0)
			r = file_mkdirs_at(AT_FDCWD, path, 0700, err);
		if (r < 0)
			return r;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open '%s'", path) : fd;
}

/* mgr-netd writes one struct err to its descriptor 3 when it listens (code 0) or has failed. */
static int hear_start(int from, uint64_t deadline, struct err *err)
{
	struct err said = { 0 };
	ssize_t n;
	int r = fd_wait(from, POLLIN, deadline);

	if (r < 0)
		return err_sys(err, -r, "wait for mgr-netd to start");
	do
		n = read(from, &said, sizeof said);
	while (n < 0 && errno == EINTR);
	if (n != sizeof said)
		return err_set(err, EIO, "mgr-netd ended before it listened");
	said.msg[sizeof said.msg - 1] = '\0';
	return said.code ? err_set(err, said.code, "%s", said.msg) : 0;
}

static int spawn(uint64_t deadline, struct err *err)
{
	const char *const argv[] = { PROGRAM, NULL };
	autoclose int from = -1, to = -1;
	struct proc_fd fd = { .to = 3 };
	int pair[2], r;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	from = pair[0];
	fd.from = to = pair[1];
	pid = proc_spawn(argv, &fd, 1, NULL, err);
	close(steal_fd(&to));
	if (pid < 0)
		return pid;
	r = hear_start(from, deadline, err);
	proc_wait(pid, deadline, NULL, NULL); /* it leaves the work to a child of its own */
	return r;
}

/* Of several that find nobody listening, one at a time gets here: the first starts it, the others find it. mgr-netd takes
 * the same lock when it is about to end. */
static int start(int dir, uint64_t deadline, struct err *err)
{
	autoclose int lock = store_lock_file(dir, "starting", deadline);
	int sock, r;

	if (lock < 0)
		return err_sys(err, -lock, "wait for the start of mgr-netd");
	sock = wire_connect(dir, "control", NULL);
	if (sock >= 0)
		return sock;
	r = spawn(deadline, err);
	return r < 0 ? r : wire_connect(dir, "control", err);
}

int net_connect(const struct store *store, bool may_start, uint64_t deadline, struct err *err)
{
	autoclose int dir = open_folder(store, false, NULL);
	int sock = dir < 0 ? dir : wire_connect(dir, "control", NULL);

	if (sock >= 0)
		return sock;
	if (sock == -EACCES) /* whether it runs is not ours to know */
		return err_sys(err, EACCES, "reach mgr-netd");
	if (!may_start)
		return err_set(err, ECONNREFUSED, "mgr-netd does not run");
	if (dir < 0)
		dir = open_folder(store, true, err);
	return dir < 0 ? dir : start(dir, deadline, err);
}

/* It ended while we were talking to it. */
static bool is_gone(int r)
{
	return r == -ECONNRESET || r == -EPIPE || r == -ECONNREFUSED;
}

int net_send_join(int conn, enum wire_type type, const struct wire_net_join *join, struct err *err)
{
	const size_t len = wire_join_packed(join);
	autofree void *packed = malloc(len);

	if (!packed)
		return err_nomem(err);
	wire_join_pack(join, packed, len);
	return wire_send(conn, type, 0, packed, len, NULL, 0, err);
}

int net_join(const struct store *store, const struct wire_net_join *join, uint64_t deadline, struct err *err)
{
	for (;;) {
		autoclose int conn = net_connect(store, true, deadline, err);
		if (conn < 0)
			return err_wrap(err, "reach the managed network");
		int r = net_send_join(conn, WIRE_NET_JOIN, join, err);
		if (r >= 0)
			return steal_fd(&conn);
		if (!is_gone(r) || clock_now() >= deadline)
			return err_wrap(err, "reach the managed network");
	}
}

int net_joined(int conn, uint64_t deadline, struct err *err)
{
	int r = wire_recv(conn, WIRE_NET_JOIN, NULL, 0, NULL, 0, NULL, deadline, err);

	return r < 0 ? r : 0;
}

int net_begin(struct net_plan *plan, uint64_t deadline, struct err *err)
{
	if (!plan->join)
		return 0;
	plan->conn = net_join(plan->store, plan->join, deadline, err);
	return plan->conn < 0 ? plan->conn : 0;
}

int net_finish(struct net_plan *plan, uint64_t deadline, struct err *err)
{
	int r = 0;

	if (!plan->join || plan->joined)
		return 0;
	do {
		if (r < 0) {
			close(steal_fd(&plan->conn));
			r = net_begin(plan, deadline, err);
		}
		if (r >= 0)
			r = net_joined(plan->conn, deadline, err);
	} while (is_gone(r) && clock_now() < deadline);
	plan->joined = r >= 0;
	return r;
}

int net_rejoin(struct net_plan *plan, int conn, uint64_t deadline, struct err *err)
{
	int r = -ECONNRESET;

	plan->conn = conn;
	plan->joined = false;
	if (conn >= 0)
		r = net_send_join(conn, WIRE_NET_JOIN, plan->join, err);
	if (is_gone(r)) {
		if (conn >= 0)
			close(steal_fd(&plan->conn));
		err_clear(err);
		r = net_begin(plan, deadline, err);
	}
	return r < 0 ? r : net_finish(plan, deadline, err);
}

/* A mgr-netd that ended by itself has taken its socket along; one that was killed has left it, and what it had made too. */
bool net_was_killed(const struct store *store)
{
	autoclose int dir = open_folder(store, false, NULL);

	return dir >= 0 && faccessat(dir, "control", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int net_leave(const struct store *store, const char *uuid, uint64_t deadline, struct err *err)
{
	struct wire_net_leave leave = { 0 };
	int r;

	if (str_print(leave.uuid, sizeof leave.uuid, "%s", uuid) < 0)
		return err_set(err, EINVAL, "'%s' is not a uuid", uuid);
	do {
		autoclose int conn = net_connect(store, net_was_killed(store), deadline, err);
		if (conn == -ECONNREFUSED)
			return 0;
		r = conn < 0 ? conn : wire_call(conn, WIRE_NET_LEAVE, &leave, sizeof leave, NULL, 0, deadline, err);
	} while (is_gone(r) && clock_now() < deadline);
	return r < 0 ? err_wrap(err, "leave the managed network") : 0;
}

int net_ask(const struct store *store, enum wire_type type, const char *network, void *reply, size_t size, uint64_t deadline,
	    struct err *err)
{
	int r;

	do {
		bool start =
			type == WIRE_NET_UP || ((type == WIRE_NET_DOWN || type == WIRE_NET_REPAIR) && net_was_killed(store));
		autoclose int conn = net_connect(store, start, deadline, err);
		if (conn < 0)
			return conn;
		r = wire_call(conn, type, network, strlen(network), reply, size, deadline, err);
	} while (is_gone(r) && clock_now() < deadline);
	if (r == -ETIMEDOUT)
		return err_set(err, ETIMEDOUT,
			       "mgr-netd, the network's service, hangs: once it is killed, its containers start it again");
	return r < 0 ? r : 0;
}
