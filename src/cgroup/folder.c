/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folders: made, opened, given to container root, removed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"

/* Another container's last cgroup_remove may take the parent away between our two mkdirs; each time is one whole stop. */
#define PARENT_RETRIES 1000

int cgroup_parent_path(const struct cgroup *cg, const struct cgroup_hierarchy *h, char *buf, size_t size)
{
	return str_print(buf, size, "%s/%.*s", h->mount, (int)(strrchr(cg->path, '/') - cg->path), cg->path);
}

/* mkdir of the folder, of its parent first when that is absent. 0 or -errno; -EEXIST as it is. */
static int make_folder(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
	char parent[CGROUP_PATH_MAX], path[CGROUP_PATH_MAX];
	int r = cgroup_parent_path(cg, h, parent, sizeof parent);

	if (r == 0)
		r = str_print(path, sizeof path, "%s/%s", h->mount, cg->path);
	if (r < 0)
		return r;
	for (int i = 0; i < PARENT_RETRIES; i++) {
		if (mkdir(path, 0755) == 0)
			return 0;
		if (errno != ENOENT || cg->given)
			return -errno;
		if (mkdir(parent, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return -ENOENT;
}

static int remove_folder(const struct cgroup *cg, const struct cgroup_hierarchy *h)
{
	char path[CGROUP_PATH_MAX];
	autoclose int dir = -1;
	int r = str_print(path, sizeof path, "%s/%s", h->mount, cg->path);

	if (r < 0)
		return r;
	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY)
		return -errno;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = cgroup_prune(dir);
	if (r < 0)
		return r;
	return rmdir(path) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Fills one cpuset file of `dir` from the one of `from`, when it is empty. */
static int inherit_cpuset(const char *from, int dir, const char *file, struct err *err)
{
	char path[CGROUP_PATH_MAX], text[512];
	int r = file_read_small_at(dir, file, text, sizeof text, err);

	if (r != 0)
		return r;
	r = str_print(path, sizeof path, "%s/%s", from, file);
	if (r < 0)
		return err_sys(err, -r, "cgroup '%s'", from);
	r = file_read_small_at(AT_FDCWD, path, text, sizeof text, err);
	return r < 0 ? r : file_write_at(dir, file, text, err);
}

/* v1: a cpuset without processors and memory nodes takes no process (cgroup-v1/cpusets.rst). The parent is set up after the
 * folder below it was made, so that it cannot vanish; it is told to pass its values on. */
static int fill_cpuset(const struct cgroup *cg, const struct cgroup_hierarchy *h, struct err *err)
{
	char parent[CGROUP_PATH_MAX], cpus[512];
	autoclose int dir = -1;
	int r = file_read_small_at(h->dir, "cpuset.cpus", cpus, sizeof cpus, err);

	if (r != 0)
		return r;
	r = cgroup_parent_path(cg, h, parent, sizeof parent);
	if (r < 0)
		return err_sys(err, -r, "cgroup '%s'", cg->path);
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open cgroup '%s'", parent);
	r = inherit_cpuset(h->mount, dir, "cpuset.cpus", err);
	if (r >= 0)
		r = inherit_cpuset(h->mount, dir, "cpuset.mems", err);
	if (r >= 0)
		r = file_write_at(dir, "cgroup.clone_children", "1", err);
	if (r >= 0)
		r = inherit_cpuset(parent, h->dir, "cpuset.cpus", err);
	return r < 0 ? r : inherit_cpuset(parent, h->dir, "cpuset.mems", err);
}

/* Asks for each of v2's controllers that `dir` has and has not given to its children yet. One that it cannot give is no
 * failure here: a limit that needs it will be. */
static void give_controllers(int dir)
{
	char has[256], given[256], ask[16];

	if (file_read_small_at(dir, "cgroup.controllers", has, sizeof has, NULL) < 0 ||
	    file_read_small_at(dir, "cgroup.subtree_control", given, sizeof given, NULL) < 0)
		return;
	for (size_t i = 0; i < CGROUP_V2_CONTROLLERS; i++) {
		const char *c = cgroup_v2_controllers[i];
		if (!cgroup_list_has(has, " ", c) || cgroup_list_has(given, " ", c))
			continue;
		if (str_print(ask, sizeof ask, "+%s", c) == 0)
			(void)file_write_at(dir, "cgroup.subtree_control", ask, NULL);
	}
}

/* v2: every controller that the host has for us reaches the container's folder. Its parent exists as long as it does. */
static int enable_controllers(const struct cgroup *cg, const struct cgroup_hierarchy *h, struct err *err)
{
	char parent[CGROUP_PATH_MAX], here[256];
	autoclose int root = -1, dir = -1;
	size_t wanted = 0, have = 0;
	int r = file_read_small_at(h->dir, "cgroup.controllers", here, sizeof here, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < CGROUP_V2_CONTROLLERS; i++) {
		wanted += cgroup_list_has(h->controllers, ",", cgroup_v2_controllers[i]);
		have += cgroup_list_has(here, " ", cgroup_v2_controllers[i]);
	}
	if (have == wanted)
		return 0;
	r = cgroup_parent_path(cg, h, parent, sizeof parent);
	root = open(h->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	dir = r < 0 ? -1 : open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || dir < 0)
		return err_sys(err, errno, "open cgroup '%s'", parent);
	if (!cg->given)
		give_controllers(root);
	give_controllers(dir);
	return 0;
}

/* Hand a folder over (cgroup-v2.rst, "Delegation"): it and the files that move processes, nothing that holds a limit. */
static int delegate(int dir, bool v2, uid_t root, struct err *err)
{
	static const char *const files[2][4] = { { "", "cgroup.procs", "tasks", NULL },
						 { "", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control" } };

	if (root == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(files[v2]) && files[v2][i]; i++)
		if (fchownat(dir, files[v2][i], root, root, AT_EMPTY_PATH) < 0)
			return err_sys(err, errno, "give the cgroup's '%s' to user %u", files[v2][i], (unsigned)root);
	return 0;
}

static int create_in(const struct cgroup *cg, struct cgroup_hierarchy *h, uid_t root, struct err *err)
{
	int r = make_folder(cg, h);

	if (r == -EEXIST) {
		r = remove_folder(cg, h);
		if (r == 0)
			r = make_folder(cg, h);
	}
	if (r < 0)
		return err_sys(err, -r, "make cgroup '%s/%s'", h->mount, cg->path);
	h->dir = cgroup_open_file(cg, h, NULL, O_PATH | O_DIRECTORY);
	if (h->dir < 0)
		return err_sys(err, -h->dir, "open cgroup '%s/%s'", h->mount, cg->path);
	if (h->v2)
		r = enable_controllers(cg, h, err);
	else if (cgroup_list_has(h->controllers, ",", "cpuset"))
		r = fill_cpuset(cg, h, err);
	if (r >= 0 && (h->v2 || cgroup_list_has(h->controllers, ",", "name=systemd")))
		r = delegate(h->dir, h->v2, root, err);
	return r < 0 ? err_wrap(err, "cgroup '%s/%s'", h->mount, cg->path) : 0;
}

int cgroup_create_v2(struct cgroup *cg, uid_t root, struct err *err)
{
	return cg->n > 0 && cg->h[0].v2 ? create_in(cg, &cg->h[0], root, err) : 0;
}

int cgroup_create(struct cgroup *cg, const struct limits_conf *limits, uid_t root, struct err *err)
{
	for (size_t i = 0; i < cg->n; i++) {
		if (cg->h[i].dir >= 0)
			continue;
		int r = create_in(cg, &cg->h[i], root, err);
		if (r < 0)
			return r;
	}
	return cgroup_set_limits(cg, limits, err);
}

int cgroup_open(struct cgroup *cg, struct err *err)
{
	size_t opened = 0;

	for (size_t i = 0; i < cg->n; i++) {
		struct cgroup_hierarchy *h = &cg->h[i];
		int fd = cgroup_open_file(cg, h, NULL, O_PATH | O_DIRECTORY);
		if (fd < 0 && fd != -ENOENT)
			return err_sys(err, -fd, "open cgroup '%s/%s'", h->mount, cg->path);
		h->dir = fd < 0 ? -1 : fd;
		opened += fd >= 0;
	}
	return opened ? 0 : err_set(err, ENOENT, "cgroup '%s' does not exist", cg->path);
}

int cgroup_leaf(int v2_dir, uid_t root, struct err *err)
{
	bool made = mkdirat(v2_dir, "attach", 0755) == 0;
	autoclose int dir = -1;

	if (!made && errno != EEXIST)
		return err_sys(err, errno, "make cgroup 'attach'");
	dir = openat(v2_dir, "attach", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open cgroup 'attach'");
	if (made && delegate(dir, true, root, err) < 0)
		return -err->code;
	return steal_fd(&dir);
}

int cgroup_remove(const struct cgroup *cg, struct err *err)
{
	char parent[CGROUP_PATH_MAX];
	int worst = 0;

	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_hierarchy *h = &cg->h[i];
		int r = remove_folder(cg, h);
		if (r < 0) {
			worst = err_sys(err, -r, "remove cgroup '%s/%s'", h->mount, cg->path);
			continue;
		}
		if (!cg->given && cgroup_parent_path(cg, h, parent, sizeof parent) == 0 && rmdir(parent) < 0 &&
		    errno != EBUSY && errno != ENOENT)
			worst = err_sys(err, errno, "remove cgroup '%s'", parent);
	}
	return worst;
}
