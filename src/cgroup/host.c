/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which hierarchies the host has. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define MOUNTINFO_MAX (64U << 20)

/* What struct cgroup_hierarchy's dir says while mounts are read: the hierarchy's root, or a folder of it. */
enum { WHOLE = -1, PART = -2 };

static const char *const v1_controllers[] = { "cpu",  "cpuacct", "cpuset",   "memory",     "devices", "freezer", "blkio",
					      "pids", "net_cls", "net_prio", "perf_event", "hugetlb", "rdma",    "misc" };

bool cgroup_list_has(const char *list, const char *seps, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p;) {
		size_t len = strcspn(p, seps);
		if (len == n && strncmp(p, word, n) == 0)
			return true;
		p += len;
		p += strspn(p, seps);
	}
	return false;
}

const struct cgroup_hierarchy *cgroup_v2(const struct cgroup *cg)
{
	return cg->n > 0 && cg->h[0].v2 ? &cg->h[0] : NULL;
}

const struct cgroup_hierarchy *cgroup_with(const struct cgroup *cg, const char *controller)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cgroup_list_has(cg->h[i].controllers, ",", controller))
			return &cg->h[i];
	return NULL;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. Works in place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p;) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
			*to++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 4;
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
}

static bool is_v1_controller(const char *option)
{
	if (str_starts(option, "name="))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(v1_controllers); i++)
		if (str_eq(option, v1_controllers[i]))
			return true;
	return false;
}

/* "rw,xattr,cpu,cpuacct" to "cpu,cpuacct". Works on its argument. */
static int pick_controllers(char *options, char *ret, size_t size)
{
	char *save = NULL;
	size_t used = 0;

	ret[0] = '\0';
	for (char *o = strtok_r(options, ",", &save); o; o = strtok_r(NULL, ",", &save)) {
		if (!is_v1_controller(o))
			continue;
		int r = str_print(ret + used, size - used, "%s%s", used ? "," : "", o);
		if (r < 0)
			return r;
		used = strlen(ret);
	}
	return 0;
}

/* A hierarchy may be mounted more than once: the first mount of its root is kept, else the first. Where is it already; NULL:
 * nowhere. */
static struct cgroup_hierarchy *find_same(struct cgroup *cg, const struct cgroup_hierarchy *found)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->h[i].v2 == found->v2 && str_eq(cg->h[i].controllers, found->controllers))
			return &cg->h[i];
	return NULL;
}

static int add(struct cgroup *cg, const struct cgroup_hierarchy *found, struct err *err)
{
	if (cg->n == CGROUP_HIERARCHIES)
		return err_set(err, E2BIG, "this host has more than %d cgroup hierarchies", CGROUP_HIERARCHIES);
	if (found->v2)
		memmove(&cg->h[1], &cg->h[0], cg->n * sizeof cg->h[0]);
	cg->h[found->v2 ? 0 : cg->n] = *found;
	cg->n++;
	return 0;
}

static bool is_mounted(const struct cgroup_hierarchy *h)
{
	struct statfs fs;

	return statfs(h->mount, &fs) == 0 && fs.f_type == (h->v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

/* One line: ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAG...] - TYPE SOURCE SUPEROPTIONS (proc_pid_mountinfo(5)). */
static int parse_line(struct cgroup *cg, char *line, bool (*reachable)(const struct cgroup_hierarchy *h), struct err *err)
{
	struct cgroup_hierarchy found = { .dir = -1 };
	char *tail = strstr(line, " - cgroup"), *field[5], *options, *save = NULL;

	if (!tail)
		return 0;
	found.v2 = str_starts(tail, " - cgroup2 ");
	if (!found.v2 && !str_starts(tail, " - cgroup "))
		return 0;
	options = strrchr(tail, ' ') + 1;
	*tail = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return 0;
	}
	unescape(field[4]);
	if (str_print(found.mount, sizeof found.mount, "%s", field[4]) < 0)
		return 0;
	if (!found.v2 &&
	    (pick_controllers(options, found.controllers, sizeof found.controllers) < 0 || !found.controllers[0]))
		return 0;
	found.dir = str_eq(field[3], "/") ? WHOLE : PART;
	struct cgroup_hierarchy *same = find_same(cg, &found);
	if ((same && (same->dir == WHOLE || found.dir == PART)) || !reachable(&found))
		return 0;
	if (!same)
		return add(cg, &found, err);
	*same = found;
	return 0;
}

int cgroup_parse_mountinfo(struct cgroup *cg, const char *text, bool (*reachable)(const struct cgroup_hierarchy *h),
			   struct err *err)
{
	autofree char *copy = strdup(text);
	char *save = NULL;

	if (!copy)
		return err_nomem(err);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int r = parse_line(cg, line, reachable, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < cg->n; i++)
		cg->h[i].dir = -1;
	return 0;
}

/* cgroup.controllers of its root, with commas. */
static void read_v2_controllers(struct cgroup_hierarchy *h)
{
	char path[CGROUP_PATH_MAX];

	if (str_print(path, sizeof path, "%s/cgroup.controllers", h->mount) < 0 ||
	    file_read_small_at(AT_FDCWD, path, h->controllers, sizeof h->controllers, NULL) < 0)
		h->controllers[0] = '\0';
	for (char *p = h->controllers; *p; p++)
		if (*p == ' ')
			*p = ',';
}

int cgroup_host(struct cgroup *cg, struct err *err)
{
	autofree char *text = NULL;
	struct statfs fs;

	*cg = (struct cgroup){ 0 };
	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		/* pure v2: spares reading a mountinfo that may be long */
		cg->n = 1;
		cg->h[0] = (struct cgroup_hierarchy){ .v2 = true, .mount = "/sys/fs/cgroup", .dir = -1 };
	} else {
		int r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, err);
		if (r < 0)
			return r;
		r = cgroup_parse_mountinfo(cg, text, is_mounted, err);
		if (r < 0)
			return r;
	}
	if (cg->n == 0)
		return err_set(err, ENOENT, "this host has no cgroup hierarchy mounted");
	if (cg->h[0].v2)
		read_v2_controllers(&cg->h[0]);
	return 0;
}

int cgroup_name(struct cgroup *cg, const char *parent, const char *name, struct err *err)
{
	cg->given = false;
	if (str_print(cg->path, sizeof cg->path, "%s/%s", parent, name) < 0)
		return err_set(err, ENAMETOOLONG, "cgroup '%s/%s': name too long", parent, name);
	return 0;
}

int cgroup_name_given(struct cgroup *cg, const char *path, struct err *err)
{
	cg->given = true;
	if (!strchr(path, '/'))
		return err_set(err, EINVAL, "cgroup '%s' has no folder above it", path);
	if (str_print(cg->path, sizeof cg->path, "%s", path) < 0)
		return err_set(err, ENAMETOOLONG, "cgroup '%s': name too long", path);
	return 0;
}

bool cgroup_pure_v2(const struct cgroup *cg)
{
	return cg->n == 1 && cg->h[0].v2;
}

void cgroup_done(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++)
		if (cg->h[i].dir >= 0)
			close(steal_fd(&cg->h[i].dir));
}
