/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "life/config.h"
#include "life/guard.h"
#include "life/origin.h"
#include "storage/image.h"

#define NEW  ".new"  /* one that is being made */
#define GONE ".gone" /* one that is being removed */

int snapshot_check_name(const char *snapshot, struct err *err)
{
	if (!*snapshot)
		return err_set(err, EINVAL, "a snapshot's name cannot be empty");
	return store_check_name(snapshot, err);
}

/* What an interrupted command left. */
static int sweep(int snapshots, struct err *err)
{
	int r = file_remove_tree_at(snapshots, NEW, err);

	return r < 0 ? r : file_remove_tree_at(snapshots, GONE, err);
}

int snapshots_lock(int container, bool make, struct err *err)
{
	autoclose int fd = -1;
	int r;

	if (make && mkdirat(container, STORE_SNAP, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make folder '" STORE_SNAP "'");
	fd = openat(container, STORE_SNAP, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, ENOENT, "it has no snapshots");
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_sys(err, errno, "lock its snapshots");
	r = sweep(fd, err);
	return r < 0 ? r : steal_fd(&fd);
}

int snapshot_open(int snapshots, const char *snapshot, struct err *err)
{
	int fd, r = snapshot_check_name(snapshot, err);

	if (r < 0)
		return r;
	fd = openat(snapshots, snapshot, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, ENOENT, "there is no snapshot '%s'", snapshot);
	return fd < 0 ? err_sys(err, errno, "open snapshot '%s'", snapshot) : fd;
}

static bool is_there(int snapshots, const char *snapshot)
{
	return faccessat(snapshots, snapshot, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int choose_name(int snapshots, const char *wanted, char ret[static STORE_NAME_MAX + 1], struct err *err)
{
	if (!wanted) {
		for (unsigned n = 0; n == 0 || is_there(snapshots, ret); n++)
			str_print(ret, STORE_NAME_MAX + 1, "snap%u", n);
		return 0;
	}
	if (snapshot_check_name(wanted, err) < 0)
		return -err->code;
	if (str_eq(wanted, SNAPSHOT_ALL))
		return err_set(err, EINVAL, "'" SNAPSHOT_ALL "' stands for every snapshot: choose another name");
	if (is_there(snapshots, wanted))
		return err_set(err, EEXIST, "there is a snapshot '%s' already", wanted);
	return str_print(ret, STORE_NAME_MAX + 1, "%s", wanted);
}

static int fill(const struct origin *of, int folder, const char *comment, struct err *err)
{
	const struct storage_place to = storage_place_in(&of->place, folder);
	autofree char *rootfs = NULL;
	int r = origin_keep(of, &to, of->backend, &rootfs, err);

	debug_point("snapshot", "copied");
	if (r == 0)
		r = origin_save_config(of, folder, rootfs, err);
	if (r == 0 && comment && *comment)
		r = file_replace_at(folder, "comment", comment, strlen(comment), 0600, err);
	debug_point("snapshot", "configured");
	return r;
}

static int make(const struct origin *of, int snapshots, const char *snapshot, const char *comment, struct err *err)
{
	autoclose int folder = -1;
	struct guard guard;
	int r;

	guard_begin(&guard);
	folder = mkdirat(snapshots, NEW, 0700) < 0 ? -1 : openat(snapshots, NEW, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = folder < 0 ? err_sys(err, errno, "make folder '" NEW "'") : 0;
	debug_point("snapshot", "begun");
	if (r == 0)
		r = fill(of, folder, comment, err);
	if (r == 0)
		r = guard_check(&guard, err);
	if (r == 0 && renameat2(snapshots, NEW, snapshots, snapshot, RENAME_NOREPLACE) < 0)
		r = err_sys(err, errno, "name it '%s'", snapshot);
	debug_point("snapshot", "renamed");
	if (r < 0)
		file_remove_tree_at(snapshots, NEW, NULL);
	guard_end(&guard);
	return r;
}

int life_snapshot(const struct store *store, const char *name, const char *snapshot, const char *comment, bool live,
		  char ret[static STORE_NAME_MAX + 1], struct err *err)
{
	struct origin of;
	autoclose int snapshots = -1;
	int r = origin_open(&of, store, name, NULL, live, err);

	if (r == 0)
		r = snapshots = snapshots_lock(of.folder, true, err);
	if (r >= 0)
		r = choose_name(snapshots, snapshot, ret, err);
	if (r >= 0)
		r = make(&of, snapshots, ret, comment, err);
	origin_done(&of);
	return r;
}

/* It is none any more, then it is removed. */
static int delete (int snapshots, const char *snapshot, struct err *err)
{
	if (renameat2(snapshots, snapshot, snapshots, GONE, RENAME_NOREPLACE) < 0)
		return err_sys(err, errno, "rename snapshot '%s'", snapshot);
	debug_point("snapshot", "gone");
	return file_remove_tree_at(snapshots, GONE, err);
}

int life_snapshot_delete(const struct store *store, const char *name, const char *snapshot, struct err *err)
{
	struct snapshots all = { 0 };
	autoclose int container = -1, snapshots = -1, one = -1;
	int r = snapshot_check_name(snapshot, err);

	if (r == 0)
		r = container = store_container(store, name, err);
	if (r >= 0)
		r = snapshots = snapshots_lock(container, false, err);
	if (r >= 0 && !str_eq(snapshot, SNAPSHOT_ALL)) {
		r = one = snapshot_open(snapshots, snapshot, err);
		if (r >= 0)
			r = delete (snapshots, snapshot, err);
	} else if (r >= 0) {
		r = life_snapshots(store, name, &all, err);
	}
	for (size_t i = 0; i < all.n && r >= 0; i++)
		r = delete (snapshots, all.v[i].name, err);
	snapshots_done(&all);
	if (r >= 0)
		image_drop_unused(store);
	return r < 0 ? r : 0;
}
