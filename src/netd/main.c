/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-netd: started by whoever first needs the managed network (net/client.c), with a descriptor 3 for one struct err: code
 * 0 when it listens. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "netd/netd.h"
#include "unit/unit.h"

#define REPORT      3
#define LOCK_WAIT   (5 * CLOCK_SECOND)
#define MAX_CLIENTS 4096

static int open_log(const struct netd *netd, struct err *err)
{
	char *path = str_fmt("%s/.net", netd->store.log);
	int r = path ? file_mkdirs_at(AT_FDCWD, path, 0700, err) : err_nomem(err), fd = -1;

	free(path);
	path = str_fmt("%s/.net/log", netd->store.log);
	if (r >= 0 && path)
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r >= 0 && fd < 0)
		r = err_sys(err, errno, "open '%s'", path);
	free(path);
	log_to(fd, LOG_INFO, "mgr-netd");
	return r;
}

static int open_folder(struct netd *netd, struct err *err)
{
	int r = store_open(&netd->store, NULL, err);

	if (r >= 0)
		r = store_make(&netd->store, err);
	if (r < 0)
		return r;
	netd->folder = str_fmt("%s/.net", netd->store.manager_run);
	if (!netd->folder)
		return err_nomem(err);
	r = file_mkdirs_at(AT_FDCWD, netd->folder, 0700, err);
	if (r >= 0)
		netd->dir = open(netd->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return r < 0 ? r : netd->dir < 0 ? err_sys(err, errno, "open '%s'", netd->folder) : open_log(netd, err);
}

/* The lock before the socket: there is one mgr-netd a manager. */
static int start_listening(struct netd *netd, struct err *err)
{
	netd->lock = store_lock_file(netd->dir, "lock", clock_in(LOCK_WAIT));
	if (netd->lock < 0)
		return err_sys(err, -netd->lock, "another mgr-netd runs: lock '%s/lock'", netd->folder);
	netd->takes_over = faccessat(netd->dir, "control", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	netd->listener = wire_listen(netd->dir, "control", err);
	return netd->listener < 0 ? netd->listener : 0;
}

static int prepare(struct netd *netd, struct err *err)
{
	netd->loop = loop_new(err);
	netd->claims = calloc(2 * 65536, sizeof *netd->claims);
	if (!netd->loop || !netd->claims)
		return err_nomem(err);
	if (!network_get(netd, "", err))
		return -err->code;
	netd->idle = (struct loop_timer){ .deadline = CLOCK_NEVER, .fn = netd_idle, .data = netd };
	netd->server = (struct wire_server){
		.requests = netd_requests, .max_clients = MAX_CLIENTS, .closed = netd_closed, .data = netd
	};
	return wire_server_start(&netd->server, netd->loop, netd->listener, err);
}

/* What one before us left, because it was killed, is taken over at once. */
static void take_over(struct netd *netd)
{
	networks_take_over(netd);
	wake_start(netd);
	netd_consider_ending(netd);
}

static int serve(struct netd *netd)
{
	struct err err = { 0 };
	int r = prepare(netd, &err);

	if (r >= 0) {
		take_over(netd);
		r = loop_run(netd->loop);
	}
	if (r < 0)
		log_error("%s", err.code ? err.msg : "the event loop failed");
	return r < 0;
}

/* A held port is a descriptor or two. */
static void allow_descriptors(struct netd *netd)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	if (getrlimit(RLIMIT_NOFILE, &netd->files) < 0 || setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	limit.rlim_cur = limit.rlim_max = netd->files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* We work in another folder than who has started us, and so does what we start. */
static void keep_root(void)
{
	const char *root = getenv("MGR_ROOT");
	autofree char *absolute = root && *root ? realpath(root, NULL) : NULL;

	if (absolute)
		setenv("MGR_ROOT", absolute, 1);
}

/* Out of the unit of whoever has started it, a container or somebody's session: it must not end with that. */
static void move_out(const struct netd *netd, pid_t pid)
{
	char name[UNIT_NAME_MAX];
	struct unit_scope scope = {
		.kind = UNIT_LASTING, .name = name, .description = "mgr's managed network", .pid = pid, .log = log_fd()
	};
	struct err err = { 0 };

	if (!unit_here())
		return;
	if (unit_lasting_name(&netd->store, "netd", name, &err) < 0 || unit_scope_begin(&scope, &err) < 0)
		log_warn("%s", err.msg);
}

int main(void)
{
	struct netd netd = { .dir = -1, .lock = -1, .listener = -1 };
	struct err err = { 0 };
	pid_t pid = 0;
	int r;

	umask(022);
	signal(SIGPIPE, SIG_IGN);
	allow_descriptors(&netd);
	keep_root();
	r = open_folder(&netd, &err);
	if (r >= 0)
		r = start_listening(&netd, &err);
	if (r >= 0 && (pid = fork()) < 0)
		r = err_sys(&err, errno, "fork");
	if (pid == 0 && r >= 0) {
		close(REPORT);
		setsid();
		if (chdir("/") < 0)
			return 1;
		return serve(&netd);
	}
	(void)!write(REPORT, &err, sizeof err);
	if (r >= 0)
		move_out(&netd, pid);
	return r < 0;
}
