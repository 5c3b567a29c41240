/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/claim.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "store/ids.h"
#include "store/internal.h"
#include "store/leases.h"

struct uuid_text {
	char text[37];
};

char *store_claim_path(const struct store *store, const char *name)
{
	char *path = str_fmt("%s/" STORE_NEW "/%s", store->containers, name);

	for (char *p = path ? path + strlen(path) - strlen(name) : NULL; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return path;
}

/* Open the folder and lock it. -EWOULDBLOCK when another has it; -ENOENT when it is gone, also when it went meanwhile. */
static int open_locked(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat here, there;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &here) < 0 || lstat(path, &there) < 0)
		return -errno;
	return here.st_ino == there.st_ino && here.st_dev == there.st_dev ? steal_fd(&fd) : -ENOENT;
}

/* Until who has it locked lets go. */
static void await_lock(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
}

/* The name of the folder in a claim, which is the uuid; false when there is none. */
static bool find_uuid(const char *path, struct uuid_text *ret)
{
	autoclosedir DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			return str_print(ret->text, sizeof ret->text, "%s", e->d_name) == 0;
	return false;
}

static void remove_if_empty(const struct store *store, const char *folder)
{
	autofree char *path = str_fmt("%s/%s", store->containers, folder);

	if (path)
		rmdir(path);
}

static int release(const struct store *store, const char *uuid, struct err *err)
{
	int r = leases_release(store, uuid, err);

	return r < 0 ? r : ids_release(store, uuid, err);
}

static int clear_claim(const struct store *store, int claim, const char *path, struct err *err)
{
	struct uuid_text uuid;
	bool reserved;
	int r;

	if (store_is_renaming(claim))
		return store_rename_finish(store, claim, path, err);
	reserved = find_uuid(path, &uuid);
	r = file_remove_tree_at(AT_FDCWD, path, err);
	return r == 0 && reserved ? release(store, uuid.text, err) : r;
}

/* Any folder of that name counts, whatever is in it: names are compared without case, as DNS does. But for `except`. */
static int check_unused(const struct store *store, const char *name, const char *except, struct err *err)
{
	autoclosedir DIR *dir = opendir(store->containers);
	struct dirent *e;

	if (!dir)
		return err_sys(err, errno, "list '%s'", store->containers);
	while ((e = readdir(dir))) {
		if (str_eq(e->d_name, except))
			continue;
		if (str_eq(e->d_name, name) && store_is_husk(store, name))
			return err_set(err, EEXIST, "exists already, without a config: 'mgr-destroy -f %s' removes it",
				       name);
		if (str_eq(e->d_name, name))
			return err_set(err, EEXIST, "exists already");
		if (strcasecmp(e->d_name, name) == 0)
			return err_set(err, EEXIST, "'%s' exists already: names are compared without case", e->d_name);
	}
	return 0;
}

static int make_claim_folder(const struct store *store, const char *path, struct err *err)
{
	autofree char *folder = str_fmt("%s/" STORE_NEW, store->containers);

	if (!folder)
		return err_nomem(err);
	for (;;) {
		if (mkdir(path, 0700) == 0 || errno == EEXIST)
			return 0;
		if (errno != ENOENT)
			return err_sys(err, errno, "make folder '%s'", path);
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder '%s'", folder);
	}
}

/* Has an interrupted command left something in it? */
static bool has_left(int claim, const char *path)
{
	struct uuid_text uuid;

	return store_is_renaming(claim) || find_uuid(path, &uuid);
}

static int claim_name(const struct store *store, const char *name, const char *except, struct err *err)
{
	autofree char *path = store_claim_path(store, name);
	autoclose int claim = -1;
	int r = store_check_new_name(name, err);

	if (!path)
		return err_nomem(err);
	while (r == 0 && claim < 0) {
		r = make_claim_folder(store, path, err);
		if (r < 0)
			break;
		claim = open_locked(path);
		struct uuid_text left;
		if (claim == -EWOULDBLOCK && find_uuid(path, &left))
			return err_set(err, EBUSY, "another command is creating a container of this name");
		if (claim == -EWOULDBLOCK) /* a sweep looks at the folder that was just made, or another create begins */
			await_lock(path);
		else if (claim < 0 && claim != -ENOENT)
			return err_sys(err, -claim, "lock '%s'", path);
		if (claim >= 0 && has_left(claim, path)) {
			r = clear_claim(store, claim, path, err);
			close(steal_fd(&claim));
		}
	}
	if (r == 0)
		r = check_unused(store, name, except, err);
	if (r < 0 && claim >= 0) {
		rmdir(path);
		remove_if_empty(store, STORE_NEW);
	}
	return r < 0 ? r : steal_fd(&claim);
}

int store_claim(const struct store *store, const char *name, struct err *err)
{
	return claim_name(store, name, NULL, err);
}

int store_claim_renamed(const struct store *store, const char *from, const char *name, struct err *err)
{
	return claim_name(store, name, from, err);
}

/* ext4 puts a new folder's inodes beside its parent's, and looks at each inode that was freed there in the last minutes
 * before it takes one (recently_deleted() in fs/ext4/ialloc.c): after a destroy, unpacking 11,000 files took 6 s instead of
 * 0.4. Below the top of a hierarchy each folder begins in a group of blocks chosen by its name. Other file systems refuse
 * the flag. */
static void spread(int folder)
{
	int flags;

	if (ioctl(folder, FS_IOC_GETFLAGS, &flags) < 0 || flags & FS_TOPDIR_FL)
		return;
	flags |= FS_TOPDIR_FL;
	ioctl(folder, FS_IOC_SETFLAGS, &flags);
}

int store_claim_folder(int claim, const char *uuid, struct err *err)
{
	int fd;

	spread(claim);
	if (mkdirat(claim, uuid, 0700) < 0)
		return err_sys(err, errno, "make folder '%s'", uuid);
	fd = openat(claim, uuid, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open folder '%s'", uuid) : fd;
}

int store_claim_commit(const struct store *store, int claim, const char *name, const char *uuid, struct err *err)
{
	autofree char *path = store_claim_path(store, name), *to = str_fmt("%s/%s", store->containers, name);

	if (!path || !to)
		return err_nomem(err);
	if (renameat2(claim, uuid, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
		return err_sys(err, errno, "make '%s'", to);
	debug_point("create", "renamed");
	rmdir(path);
	remove_if_empty(store, STORE_NEW);
	return 0;
}

int store_claim_drop(const struct store *store, const char *name, struct err *err)
{
	autofree char *path = store_claim_path(store, name);
	autoclose int claim = path ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	int r = path ? clear_claim(store, claim, path, err) : err_nomem(err);

	remove_if_empty(store, STORE_NEW);
	return r;
}

/* On a full disk how its last run ended makes room: dir, which is about to go, is what is to give more. */
static int make_gone(const char *folder, int dir, struct err *err)
{
	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return 0;
	if ((errno == ENOSPC || errno == EDQUOT) && unlinkat(dir, "last", 0) == 0 && mkdir(folder, 0700) == 0)
		return 0;
	return err_sys(err, errno, "make folder '%s'", folder);
}

int store_retire(const struct store *store, const char *name, int dir, const char *uuid, struct err *err)
{
	autofree char *from = str_fmt("%s/%s", store->containers, name);
	autofree char *folder = str_fmt("%s/" STORE_GONE, store->containers);
	autofree char *to = str_fmt("%s/" STORE_GONE "/%s", store->containers, uuid);
	int r = from && folder && to ? store_lock_config(dir, true, err) : err_nomem(err);

	if (r < 0)
		return r;
	while (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0) {
		/* .gone may be removed by another between the two */
		if (errno != ENOENT || access(from, F_OK) < 0)
			return err_sys(err, errno, "rename '%s' to '%s'", from, to);
		r = make_gone(folder, dir, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int store_bury(const struct store *store, const char *uuid, struct err *err)
{
	autofree char *path = str_fmt("%s/" STORE_GONE "/%s", store->containers, uuid);
	int r = path ? file_remove_tree_at(AT_FDCWD, path, err) : err_nomem(err);

	if (r < 0)
		return r;
	debug_point("destroy", "removed");
	r = release(store, uuid, err);
	remove_if_empty(store, STORE_GONE);
	return r;
}

/* One folder of .new or .gone, unless somebody holds it. */
static int sweep_one(const struct store *store, const char *folder, const char *name, struct err *err)
{
	autofree char *path = str_fmt("%s/%s/%s", store->containers, folder, name);
	autoclose int fd = -1;

	if (!path)
		return err_nomem(err);
	fd = open_locked(path);
	if (fd == -EWOULDBLOCK || fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, -fd, "lock '%s'", path);
	return str_eq(folder, STORE_NEW) ? clear_claim(store, fd, path, err) : store_bury(store, name, err);
}

/* Each is tried; the first failure counts. */
static int sweep(const struct store *store, const char *folder, struct err *err)
{
	autofree char *path = str_fmt("%s/%s", store->containers, folder);
	autoclosedir DIR *dir = path ? opendir(path) : NULL;
	struct dirent *e;
	int first = 0;

	if (!dir)
		return path && errno == ENOENT ? 0 : err_sys(err, path ? errno : ENOMEM, "list '%s'", folder);
	while ((e = readdir(dir))) {
		int r = e->d_name[0] == '.' ? 0 : sweep_one(store, folder, e->d_name, first ? NULL : err);
		first = first ? first : r;
	}
	remove_if_empty(store, folder);
	return first;
}

int store_sweep(const struct store *store, struct err *err)
{
	int new = sweep(store, STORE_NEW, err), gone = sweep(store, STORE_GONE, new < 0 ? NULL : err);

	return new < 0 || gone < 0 ? err_wrap(err, "clear what an interrupted command left") : 0;
}
