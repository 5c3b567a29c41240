/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes into cgroups. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cgroup/internal.h"

#define PAYLOAD "/payload"

int cgroup_clone_fd(const struct cgroup *cg)
{
	return cg->n > 0 && cg->h[0].v2 ? cg->h[0].dir : -1;
}

/* "0" to v1's tasks moves the calling thread alone, and that without the lock over thread groups which every other move
 * takes: after a pause, its first taker waits 5 to 20 ms for an RCU grace period (cgroup_procs_write_start in the kernel's
 * kernel/cgroup/cgroup.c). */
int cgroup_join(const struct cgroup *cg, pid_t pid, bool all, struct err *err)
{
	char text[16];

	snprintf(text, sizeof text, "%d", (int)pid);
	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_hierarchy *h = &cg->h[i];
		if (h->dir < 0 || (h->v2 && !all))
			continue;
		if (file_write_at(h->dir, pid == 0 && !h->v2 ? "tasks" : "cgroup.procs", text, err) < 0)
			return err_wrap(err, "join cgroup '%s/%s'", h->mount, cg->path);
	}
	return 0;
}

/* Of a folder that processes may still be born in. */
#define ROUNDS 100

static int move_all(int from, int to, struct err *err)
{
	char text[16];

	for (int i = 0; i < ROUNDS; i++) {
		pid_t pids[CGROUP_ROUND];
		size_t n = 0;
		int r = cgroup_list_procs(from, pids, &n);
		if (r < 0)
			return err_sys(err, -r, "list its processes");
		if (n == 0)
			return 0;
		for (size_t k = 0; k < n; k++) {
			snprintf(text, sizeof text, "%d", (int)pids[k]);
			r = file_write_at(to, "cgroup.procs", text, err);
			if (r < 0 && r != -ESRCH) /* it has ended */
				return r;
		}
	}
	return err_set(err, EBUSY, "there are always more processes in it");
}

static int make_room(const struct cgroup *cg, const char *leaf, struct err *err)
{
	const struct cgroup_hierarchy *h = &cg->h[0];
	char path[CGROUP_PATH_MAX];
	autoclose int from = -1, to = -1;
	int r = cgroup_parent_path(cg, h, path, sizeof path);

	if (r == 0 && (from = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = -errno;
	if (r == 0 && mkdirat(from, leaf, 0755) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0 && (to = openat(from, leaf, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, -r, "make cgroup '%s' beside '%s'", leaf, cg->path);
	return move_all(from, to, err) < 0 ? err_wrap(err, "move into cgroup '%s'", leaf) : 0;
}

bool cgroup_is_settled(const char *path)
{
	return str_ends(path, PAYLOAD) && path[0] != '/' && !strstr(path, "..");
}

int cgroup_settle_in(struct cgroup *cg, const char *given, struct err *err)
{
	char path[CGROUP_LONGEST];
	int r;

	if (str_print(path, sizeof path, "%s" PAYLOAD, given) < 0)
		return err_set(err, ENAMETOOLONG, "cgroup '%s': name too long", given);
	r = cgroup_name_given(cg, path, err);
	return r < 0 ? r : make_room(cg, "supervisor", err);
}

int cgroup_open_tasks(const struct cgroup *cg, int fds[CGROUP_HIERARCHIES], size_t *ret_n, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_hierarchy *h = &cg->h[i];
		if (h->v2)
			continue;
		fds[n] = cgroup_open_file(cg, h, "tasks", O_WRONLY);
		if (fds[n] < 0) {
			int code = -fds[n];
			while (n > 0)
				close(fds[--n]);
			return err_sys(err, code, "open 'tasks' of cgroup '%s/%s'", h->mount, cg->path);
		}
		n++;
	}
	*ret_n = n;
	return 0;
}

int cgroup_enter_tasks(int fds[], size_t n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (r == 0 && write(fds[i], "0", 1) != 1)
			r = err_sys(err, errno, "join a cgroup");
		close(fds[i]);
	}
	return r;
}
