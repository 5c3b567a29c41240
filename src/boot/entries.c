/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [mount] entry: trees of the host's are made by the parent, who may, and put in place by the child, where every path is the
 * container's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mnt.h"
#include "base/sys.h"
#include "boot/internal.h"
#include "boot/mounted.h"
#include "mount/entry.h"

static bool holds_containers(const struct store *store, const char *path)
{
	const char *const folders[] = { store->containers, store->manager };
	struct stat st, other;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (stat(path, &st) == 0 && stat(folders[i], &other) == 0 && st.st_dev == other.st_dev &&
		    st.st_ino == other.st_ino)
			return true;
	return false;
}

/* Where the part of a path begins that lies in a folder of containers; 0: nowhere. */
static size_t begins_in_containers(const struct store *store, const char *path)
{
	for (size_t n = 1; path[n]; n++) {
		autofree char *folder = path[n] == '/' ? strndup(path, n) : NULL;
		if (folder && holds_containers(store, folder))
			return n;
	}
	return 0;
}

/* A link there may be a guest's, and would lead to what its root cannot reach. */
static int open_path(const struct store *store, const char *path, struct err *err)
{
	const size_t n = begins_in_containers(store, path);
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				      .resolve = n ? RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH : 0 };
	autofree char *folder = strndup(path, n);
	autoclose int top = n && folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	const char *rest = path + n + strspn(path + n, n ? "/" : "");
	int fd = n && top < 0 ? -1 : sys_openat2(n ? top : AT_FDCWD, *rest ? rest : ".", &how);

	if (fd < 0 && errno == ELOOP && n)
		return err_set(err, ELOOP, "open '%s': a link in a container's folder is not followed", path);
	return fd < 0 ? err_sys(err, errno, "open '%s'", path) : fd;
}

static int open_source(const struct boot *b, const struct mount_entry *e, struct err *err)
{
	autoclose int source = open_path(&b->store, e->source, err);

	if (source < 0)
		return source;
	if (spec_check_source(e, source, b->userns >= 0, &b->store, err) < 0)
		return -err->code;
	return steal_fd(&source);
}

int boot_entry_tree(struct boot *b, const struct mount_entry *e, struct err *err)
{
	autoclose int source = e->bind ? open_source(b, e, err) : -1;

	if (e->bind && source < 0)
		return source;
	return mount_entry_tree(e, source, b->userns, err);
}

/* Passes its tree on, or /dev/null for what is left out. */
static int pass_tree(struct boot *b, const struct mount_entry *e, const char *text, struct err *err)
{
	int tree;

	if (b->n_passed == FD_MAX_PASSED)
		return err_set(err, E2BIG, "mount.entry: at most %d are of the host's", FD_MAX_PASSED - 1);
	tree = boot_entry_tree(b, e, err);
	if (tree >= 0 && !mnt_is_old() && mounted_add(b->rundir, tree, text, err) < 0) {
		close(tree);
		return -err->code;
	}
	if (tree < 0 && e->optional) {
		log_info("mount.entry: %s: left out", err->msg);
		err_clear(err);
		tree = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (tree < 0)
			return err_sys(err, errno, "open '/dev/null'");
	}
	if (tree >= 0)
		b->passed[b->n_passed++] = tree;
	return tree < 0 ? tree : 0;
}

int up_entries_open(struct boot *b, struct err *err)
{
	const struct strv *entries = &b->spec.mount.entry;
	autocall(boot_stage_leave) struct boot_stage stage = { .home = -1 };
	int r = entries->n > 0 ? boot_stage_enter(&stage, b, err) : 0;

	for (size_t i = 0; r == 0 && i < entries->n; i++) {
		autocall(mount_entry_done) struct mount_entry e = { 0 };
		r = mount_entry_parse(entries->v[i], &e, err);
		if (r == 0 && mount_entry_is_hosts(&e))
			r = pass_tree(b, &e, entries->v[i], err);
	}
	return r;
}

/* tree: NULL where the parent has none to give. */
static int attach(const struct mount_entry *e, const int *tree, struct err *err)
{
	int r;

	if (tree && !boot_is_mount(*tree))
		return 0;
	r = mount_entry_attach(e, tree ? *tree : -1, err);
	if (r < 0 && e->optional) {
		log_info("mount.entry: %s: left out", err->msg);
		err_clear(err);
		return 0;
	}
	return r;
}

int up_entries(struct boot *b, struct err *err)
{
	const struct strv *entries = &b->spec.mount.entry;
	size_t next = b->n_taken;
	int r = 0;

	for (size_t i = 0; r == 0 && i < entries->n; i++) {
		autocall(mount_entry_done) struct mount_entry e = { 0 };
		const int *tree = NULL;
		r = mount_entry_parse(entries->v[i], &e, err);
		if (r < 0)
			return r;
		if (mount_entry_is_hosts(&e))
			tree = &b->passed[next++];
		if (next > b->n_passed)
			return err_set(err, EPROTO, "a mount did not arrive");
		r = attach(&e, tree, err);
	}
	while (b->n_passed > b->n_taken)
		close(b->passed[--b->n_passed]);
	return r;
}
