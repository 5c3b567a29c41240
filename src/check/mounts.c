/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts that no other process sees: detached, or in a mount namespace that ends with the trial. */
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/sys.h"
#include "check/internal.h"

#define MOUNTS_MAX ((size_t)64 << 20)

/* A copy of what is mounted at path, with ids shifted: what root owns there must be container root's. */
static int idmap_copy(const char *path, int userns, struct err *err)
{
	autoclose int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct stat before, after;

	if (tree < 0 || fstat(tree, &before) < 0)
		return err_sys(err, errno, "copy the mount of '%s'", path);
	if (sys_mount_idmap(tree, userns, 0) < 0)
		return err_sys(err, errno, "map ids of '%s'", path);
	if (fstat(tree, &after) < 0 || (before.st_uid < CHECK_IDS && after.st_uid != CHECK_ID + before.st_uid))
		return err_set(err, EINVAL, "map ids of '%s': it has no effect", path);
	return 0;
}

struct place {
	const char *path;
	int userns;
};

static int try_idmap(const void *arg, struct err *err)
{
	const struct place *p = arg;

	return idmap_copy(p->path, p->userns, err);
}

/* /tmp is a tmpfs of this process's own from here on. */
static int own_tmp(struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, errno, "make a mount namespace");
	if (mount("mgr-check", "/tmp", "tmpfs", 0, "mode=0755,size=1m") < 0)
		return err_sys(err, errno, "mount a tmpfs");
	return chdir("/tmp") < 0 ? err_sys(err, errno, "enter it") : 0;
}

static int try_tmpfs(const void *arg, struct err *err)
{
	const struct place *p = arg;
	int r = own_tmp(err);

	return r < 0 ? r : idmap_copy("/tmp", p->userns, err);
}

static int try_overlay(const void *arg, struct err *err)
{
	int r = own_tmp(err);

	(void)arg;
	if (r < 0)
		return r;
	if (mkdir("lower", 0755) < 0 || mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0 || mkdir("all", 0755) < 0)
		return err_sys(err, errno, "make folders");
	if (mount("overlay", "all", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") < 0)
		return err_sys(err, errno, "mount an overlay");
	return 0;
}

/* The layers, seen through a mapped mount. What mount(2) says is not all: without rights in its work folder an overlay is
 * mounted read-only. */
static int try_mapped_overlay(const void *arg, struct err *err)
{
	const struct place *p = arg;
	autoclose int tree = -1;
	int r = own_tmp(err);

	if (r < 0)
		return r;
	if (mkdir("layers", 0755) < 0 || mkdir("layers/lower", 0755) < 0 || mkdir("layers/upper", 0755) < 0 ||
	    mkdir("layers/work", 0755) < 0 || mkdir("mapped", 0755) < 0 || mkdir("all", 0755) < 0)
		return err_sys(err, errno, "make folders");
	tree = open_tree(AT_FDCWD, "layers", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || sys_mount_idmap(tree, p->userns, 0) < 0 ||
	    move_mount(tree, "", AT_FDCWD, "mapped", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, errno, "map ids of the layers");
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		return err_sys(err, errno, "keep capabilities");
	setfsgid(CHECK_ID);
	setfsuid(CHECK_ID);
	if (mount("overlay", "all", "overlay", 0, "lowerdir=mapped/lower,upperdir=mapped/upper,workdir=mapped/work") < 0)
		return err_sys(err, errno, "mount an overlay");
	return mkdir("all/new", 0755) < 0 ? err_sys(err, errno, "write to it") : 0;
}

/* Where something of this type is mounted: mount points are the fifth field, types follow " - " (proc_pid_mountinfo(5)). */
static char *find_mounted(const char *type)
{
	autofree char *mounts = NULL, *wanted = str_fmt(" - %s ", type);
	char *save = NULL, *at = NULL;

	if (!wanted || file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &mounts, NULL, NULL) < 0)
		return NULL;
	for (char *line = strtok_r(mounts, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strstr(line, wanted) && sscanf(line, "%*s %*s %*s %*s %ms", &at) == 1) {
			if (!strchr(at, '\\') && access(at, F_OK) == 0)
				return at;
			free(at);
		}
	return NULL;
}

static void try_type(const struct check *c, const char *name, const char *type, const char *advice)
{
	autofree char *path = find_mounted(type);
	const struct place place = { path, c->userns };
	struct err err = { 0 };
	int r;

	if (!path) {
		check_say(c, name, CHECK_OK, NULL, "not tried: no %s is mounted", type);
		return;
	}
	r = check_try(try_idmap, &place, &err);
	check_tried(c, name, r, CHECK_WARNING, advice, &err, "works");
}

#define OLD_KERNEL "; Linux 5.12 or later is needed"

static void try_mapped(const struct check *c, const char *path)
{
	static const char advice[] =
		"the files of a container get its ids on disk when it is first started, and no two share a base: "
		"put the containers (-P, or a mount on this folder) on a file system that can be mounted "
		"with mapped ids: ext4, xfs, btrfs, tmpfs" OLD_KERNEL;
	const struct place place = { path, c->userns };
	char found[160];
	struct err err = { 0 };
	int r = check_try(try_idmap, &place, &err);

	str_print(found, sizeof found, "works below '%.120s'", path);
	check_tried(c, "idmap of the store", r, CHECK_WARNING, advice, &err, found);
	r = check_try(try_tmpfs, &place, &err);
	check_tried(c, "idmap of tmpfs", r, CHECK_WARNING,
		    "containers on a tmpfs cannot be used: Linux 6.3 or later is needed", &err, "works");
	try_type(c, "idmap of ext4", "ext4", "containers on ext4 cannot be used" OLD_KERNEL);
	if (r < 0) { /* what it would be made of */
		check_say(c, "idmap of overlay", CHECK_OK, NULL, "not tried: needs a tmpfs with mapped ids");
		return;
	}
	r = check_try(try_mapped_overlay, &place, &err);
	check_tried(c, "idmap of overlay", r, CHECK_WARNING,
		    "thin containers over a shared base cannot be used: Linux 5.19 or later is needed", &err,
		    "layers with mapped ids can be mounted, and written to");
}

void check_mounts(struct check *c)
{
	autofree char *path = store_nearest(c->store);
	struct err err = { 0 };
	int r = check_try(try_overlay, NULL, &err);

	check_tried(c, "overlay", r, CHECK_WARNING, "thin containers over a shared base cannot be used: modprobe overlay",
		    &err, "can be mounted");
	if (c->userns < 0)
		check_say(c, "idmap", CHECK_FAILED, "see namespaces", "not tried: there is no user namespace");
	else if (path)
		try_mapped(c, path);
}
