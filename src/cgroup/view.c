/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the guest sees at /sys/fs/cgroup. In a cgroup namespace each hierarchy's root is the container's own folder
 * (cgroup_namespaces(7)). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/internal.h"

#define VIEW_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

static int mount_v2(const char *target, struct err *err)
{
	if (mount("cgroup2", target, "cgroup2", VIEW_FLAGS, NULL) < 0)
		return err_sys(err, errno, "mount cgroup2 on '%s'", target);
	return 0;
}

/* cpu and cpuacct are links to cpu,cpuacct where one hierarchy has both. */
static int link_controllers(const char *target, const char *controllers, struct err *err)
{
	char copy[96], path[CGROUP_PATH_MAX], *save = NULL;

	if (!strchr(controllers, ','))
		return 0;
	snprintf(copy, sizeof copy, "%s", controllers);
	for (char *c = strtok_r(copy, ",", &save); c; c = strtok_r(NULL, ",", &save)) {
		if (str_print(path, sizeof path, "%s/%s", target, c) < 0)
			return err_sys(err, ENAMETOOLONG, "mount cgroups on '%s'", target);
		if (symlink(controllers, path) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make link '%s'", path);
	}
	return 0;
}

static int mount_v1(const struct cgroup_hierarchy *h, const char *target, struct err *err)
{
	const char *name = str_starts(h->controllers, "name=") ? h->controllers + 5 : h->controllers;
	char path[CGROUP_PATH_MAX], options[128];

	if (str_print(path, sizeof path, "%s/%s", target, name) < 0)
		return err_sys(err, ENAMETOOLONG, "mount cgroups on '%s'", target);
	snprintf(options, sizeof options, "%s%s", name == h->controllers ? "" : "none,", h->controllers);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make folder '%s'", path);
	if (mount("cgroup", path, "cgroup", VIEW_FLAGS, options) < 0)
		return err_sys(err, errno, "mount cgroup '%s' on '%s'", h->controllers, path);
	return link_controllers(target, h->controllers, err);
}

/* A tmpfs with a folder a hierarchy, as systemd lays them out on a host. */
static int mount_all(const struct cgroup *cg, bool unified, const char *target, struct err *err)
{
	char path[CGROUP_PATH_MAX];
	int r = 0;

	if (mount("cgroup", target, "tmpfs", VIEW_FLAGS, "mode=755,size=64k") < 0)
		return err_sys(err, errno, "mount tmpfs on '%s'", target);
	for (size_t i = 0; i < cg->n && r == 0; i++)
		if (!cg->h[i].v2)
			r = mount_v1(&cg->h[i], target, err);
	if (r == 0 && unified) {
		if (str_print(path, sizeof path, "%s/unified", target) < 0)
			return err_sys(err, ENAMETOOLONG, "mount cgroups on '%s'", target);
		if (mkdir(path, 0755) < 0)
			return err_sys(err, errno, "make folder '%s'", path);
		r = mount_v2(path, err);
	}
	if (r == 0 && mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | VIEW_FLAGS, NULL) < 0)
		return err_sys(err, errno, "make '%s' read-only", target);
	return r;
}

int cgroup_mount_view(const struct cgroup *cg, enum cgroup_view view, const char *target, struct err *err)
{
	bool has_v2 = cgroup_v2(cg) != NULL, has_v1 = cg->n > has_v2;

	if (view == CGROUP_VIEW_AUTO)
		view = has_v2 ? CGROUP_VIEW_V2 : CGROUP_VIEW_V1;
	if (!has_v2 && view != CGROUP_VIEW_V1)
		return err_set(err, ENOTSUP, "mount.cgroup: this host has no cgroup v2 hierarchy");
	if (!has_v1 && view != CGROUP_VIEW_V2)
		return err_set(err, ENOTSUP, "mount.cgroup: this host has no cgroup v1 hierarchy");
	return view == CGROUP_VIEW_V2 ? mount_v2(target, err) : mount_all(cg, view == CGROUP_VIEW_HYBRID, target, err);
}
