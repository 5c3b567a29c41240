/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is anything alive in there, and making sure that nothing is. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "cgroup/internal.h"

int cgroup_list_procs(int dir, pid_t *pids, size_t *n)
{
	autoclose int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	autofclose FILE *f = NULL;
	int pid;

	if (fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	f = fdopen(fd, "r");
	if (!f)
		return -errno;
	fd = -1;
	while (*n < CGROUP_ROUND && fscanf(f, "%d", &pid) == 1)
		if (pid > 0) /* 0: one of a pid namespace that we cannot see into */
			pids[(*n)++] = pid;
	return ferror(f) && errno != ENODEV && errno != EOPNOTSUPP ? -errno : 0;
}

struct listing {
	pid_t *pids;
	size_t *n;
};

/* A threaded folder of v2 does not list its processes (EOPNOTSUPP): the domain above it does. */
static int list_folder(void *data, int dir)
{
	const struct listing *l = data;
	int r = cgroup_list_procs(dir, l->pids, l->n);

	return r < 0 ? r : *l->n == CGROUP_ROUND;
}

static int list_hierarchy(const struct cgroup *cg, const struct cgroup_hierarchy *h, pid_t *pids, size_t *n)
{
	autoclose int dir = cgroup_open_file(cg, h, NULL, O_PATH | O_DIRECTORY);
	int r;

	*n = 0;
	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	r = cgroup_walk(dir, list_folder, &(struct listing){ pids, n });
	return r < 0 ? r : 0;
}

/* 1, 0 or -errno by cgroup.events, which counts the folders below too. events: open, read from its start. */
static int read_populated(int events)
{
	char text[128];
	ssize_t n = pread(events, text, sizeof text - 1, 0);

	if (n < 0)
		return errno == ENODEV ? 0 : -errno;
	text[n] = '\0';
	return strstr(text, "populated 1") != NULL;
}

int cgroup_populated(const struct cgroup *cg, struct err *err)
{
	pid_t pids[CGROUP_ROUND];
	size_t n;

	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_hierarchy *h = &cg->h[i];
		int r;
		if (h->v2) {
			autoclose int events = cgroup_open_file(cg, h, "cgroup.events", O_RDONLY);
			r = events == -ENOENT ? 0 : events < 0 ? events : read_populated(events);
		} else {
			r = list_hierarchy(cg, h, pids, &n);
			r = r < 0 ? r : n > 0;
		}
		if (r < 0)
			return err_sys(err, -r, "look into cgroup '%s/%s'", h->mount, cg->path);
		if (r > 0)
			return 1;
	}
	return 0;
}

/* Kills what is listed, waits for each to end. A pid may change its owner between list and pidfd: so the list is read once
 * more, and who is not on it any longer is left alone. */
static int kill_round(const struct cgroup *cg, const struct cgroup_hierarchy *h, const pid_t *pids, size_t n,
		      uint64_t deadline)
{
	pid_t again[CGROUP_ROUND];
	int fds[CGROUP_ROUND], r;
	size_t m;

	for (size_t i = 0; i < n; i++)
		fds[i] = sys_pidfd_open(pids[i]);
	r = list_hierarchy(cg, h, again, &m);
	for (size_t i = 0; i < n; i++) {
		bool still = false;
		for (size_t j = 0; j < m && !still; j++)
			still = pids[i] == again[j];
		if (r == 0 && fds[i] >= 0 && still)
			(void)sys_pidfd_send_signal(fds[i], SIGKILL);
		else if (fds[i] >= 0)
			close(steal_fd(&fds[i]));
	}
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		if (r == 0)
			r = fd_wait(fds[i], POLLIN, deadline);
		close(fds[i]);
	}
	return r;
}

/* Without cgroup.kill: no new process where pids or v2's freezer can say so, then round after round. */
static int kill_listed(const struct cgroup *cg, const struct cgroup_hierarchy *h, uint64_t deadline)
{
	pid_t pids[CGROUP_ROUND];
	size_t n;

	for (;;) {
		int r = list_hierarchy(cg, h, pids, &n);
		if (r < 0 || n == 0)
			return r;
		r = kill_round(cg, h, pids, n, deadline);
		if (r < 0)
			return r;
		if (clock_now() > deadline)
			return -ETIMEDOUT;
	}
}

/* cgroup.kill, and the kernel's word by cgroup.events that it is done. -EOPNOTSUPP before Linux 5.14. */
static int kill_v2(const struct cgroup *cg, const struct cgroup_hierarchy *h, uint64_t deadline)
{
	autoclose int events = cgroup_open_file(cg, h, "cgroup.events", O_RDONLY), fd = -1;
	int r;

	if (events < 0)
		return events == -ENOENT ? 0 : events;
	r = read_populated(events);
	if (r <= 0)
		return r;
	fd = cgroup_open_file(cg, h, "cgroup.kill", O_WRONLY);
	if (fd < 0)
		return fd == -ENOENT ? -EOPNOTSUPP : fd;
	if (write(fd, "1", 1) < 0)
		return -errno;
	for (;;) {
		r = read_populated(events);
		if (r <= 0)
			return r;
		r = fd_wait(events, POLLPRI, deadline);
		if (r < 0)
			return r;
	}
}

static void put(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file, const char *text)
{
	autoclose int fd = h ? cgroup_open_file(cg, h, file, O_WRONLY) : -1;

	if (fd >= 0)
		(void)!write(fd, text, strlen(text));
}

int cgroup_kill(const struct cgroup *cg, uint64_t deadline, struct err *err)
{
	const struct cgroup_hierarchy *v2 = cgroup_v2(cg);
	int r;

	put(cg, cgroup_with(cg, "freezer"), "freezer.state", "THAWED"); /* SIGKILL does not reach what v1 holds */
	r = v2 ? kill_v2(cg, v2, deadline) : -EOPNOTSUPP;
	if (r == -EOPNOTSUPP) {
		put(cg, cgroup_with(cg, "pids"), "pids.max", "0");
		put(cg, v2, "cgroup.freeze", "1"); /* what is frozen there makes no processes, and dies all the same */
		r = v2 ? kill_listed(cg, v2, deadline) : 0;
	}
	if (r < 0)
		return err_sys(err, -r, "kill everything in cgroup '%s/%s'", v2->mount, cg->path);
	for (size_t i = v2 != NULL; i < cg->n; i++) {
		r = kill_listed(cg, &cg->h[i], deadline);
		if (r < 0)
			return err_sys(err, -r, "kill everything in cgroup '%s/%s'", cg->h[i].mount, cg->path);
	}
	return 0;
}
