/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "base/path.h"
#include "base/sys.h"
#include "mount/entry.h"
#include "mount/internal.h"
#include "mount/mount.h"

/* What a user namespace may mount for itself belongs to it then: user_namespaces(7). */
static bool is_the_guests(const char *type)
{
	static const char *const types[] = { "tmpfs", "proc", "sysfs", "mqueue", "devpts", "overlay", "fuse" };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eq(type, types[i]))
			return true;
	return false;
}

bool mount_entry_is_hosts(const struct mount_entry *e)
{
	return e->bind ? !e->relative : !is_the_guests(e->type);
}

static int set_attributes(const struct mount_entry *e, int source, int tree, int userns, struct err *err)
{
	/* what happens inside never comes to the host; what happens on the host may come inside */
	struct mount_attr attr = { .attr_set = e->set,
				   .attr_clr = e->clear,
				   .propagation = e->propagation == MS_SLAVE || e->propagation == MS_SHARED ? MS_SLAVE
													    : MS_PRIVATE };
	int r;

	if (userns >= 0 && e->idmap) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)userns;
	}
	r = mnt_set(tree, &attr, e->recursive);
	if (r == 0)
		return 0;
	if (r == -EOPNOTSUPP && mnt_is_old())
		return err_set(err, EOPNOTSUPP, "mount '%s': %s: Linux 5.12 or later is needed", e->source,
			       attr.attr_set & MOUNT_ATTR_IDMAP ? "its ids cannot be mapped"
								: "the options of a whole tree cannot be set (rbind)");
	if (attr.attr_set & MOUNT_ATTR_IDMAP)
		return mount_refuse_unmapped(e->source, source, userns, -r, err);
	return err_sys(err, -r, "set the options of '%s'", e->source);
}

/* Among the container's own mounts. */
static int set_propagation(const struct mount_entry *e, int tree, struct err *err)
{
	const struct mount_attr attr = { .propagation = e->propagation };
	int r = 0;

	if (e->propagation && e->propagation != MS_SLAVE)
		r = mnt_set(tree, &attr, e->propagate_all);
	return r < 0 ? err_sys(err, -r, "set the propagation of '%s'", e->target) : 0;
}

static int open_bind(const struct mount_entry *e, int source, struct err *err)
{
	int tree = mnt_copy(source, e->recursive);

	return tree < 0 ? err_sys(err, -tree, "open '%s'", e->source) : tree;
}

static int open_new(const struct mount_entry *e, struct err *err)
{
	autocall(str_done) struct str options = { 0 };
	int tree;

	/* a superblock of its own, read-only as a disk that cannot be written wants it */
	if (mount_entry_is_readonly(e) && !is_the_guests(e->type))
		str_add(&options, "ro");
	for (size_t i = 0; i < e->data.n; i++)
		str_addf(&options, "%s%s", options.len ? "," : "", e->data.v[i]);
	if (options.failed)
		return err_nomem(err);
	tree = mnt_new(e->type, e->source, str_text(&options), 0, err);
	return tree < 0 ? err_wrap(err, "mount '%s' of type '%s'", e->source, e->type) : tree;
}

/* Has it flags that root inside could take off? Of what is mounted below nothing is known, and what that covers is not to be
 * seen either. On an old kernel none but those that were asked for are kept. */
static bool wants_lock(const struct mount_entry *e, int tree)
{
	struct statvfs fs;

	if (e->set || mnt_is_old())
		return e->set;
	return e->recursive || fstatvfs(tree, &fs) < 0 || (fs.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC));
}

int mount_entry_tree(const struct mount_entry *e, int source, int userns, struct err *err)
{
	autoclose int tree = e->bind ? open_bind(e, source, err) : open_new(e, err);
	int locked;

	if (tree < 0 || set_attributes(e, source, tree, userns, err) < 0)
		return -err->code;
	if (userns < 0 || !wants_lock(e, tree))
		return steal_fd(&tree);
	locked = mount_lock(tree, userns, err);
	return locked < 0 ? err_wrap(err, "mount '%s'", e->source) : locked;
}

/* --- in the child ---------------------------------------------------------------------------------------------------- */

static int make_target(const struct mount_entry *e, int root, bool folder, struct err *err)
{
	autofree char *path = strdup(e->target);
	autoclose int made = -1;
	char *slash;

	if (!path)
		return err_nomem(err);
	if (folder)
		return path_mkdirs_in_root(root, path, 0755, err);
	slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
		made = path_mkdirs_in_root(root, path, 0755, err);
		if (made < 0)
			return made;
		close(steal_fd(&made));
	}
	made = path_open_in_root(root, e->target, O_WRONLY | O_CREAT | O_NOCTTY | O_NONBLOCK, 0644);
	return made < 0 ? err_sys(err, -made, "make '%s'", e->target) : steal_fd(&made);
}

static int open_target(const struct mount_entry *e, int root, bool folder, struct err *err)
{
	int fd = path_open_in_root(root, e->target, O_PATH, 0);

	if (fd == -ENOENT && (e->create || e->create_folder || e->create_file)) {
		int made = make_target(e, root, folder, err);
		if (made < 0)
			return made;
		close(made);
		fd = path_open_in_root(root, e->target, O_PATH, 0);
	}
	if (fd == -ENOENT)
		return err_set(err, ENOENT, "mount '%s': the container has no '%s': 'create' in the options makes it",
			       e->source, e->target);
	return fd < 0 ? err_sys(err, -fd, "open '%s' in the container", e->target) : fd;
}

static int make_inside(const struct mount_entry *e, int source, struct err *err)
{
	autoclose int tree = e->bind ? open_bind(e, source, err) : open_new(e, err);

	if (tree < 0 || set_attributes(e, source, tree, -1, err) < 0)
		return -err->code;
	return steal_fd(&tree);
}

static int put(const struct mount_entry *e, int tree, int target, struct err *err)
{
	struct stat what, where;
	int r = mnt_move(tree, target);

	if (r == -EINVAL && fstat(tree, &what) == 0 && fstat(target, &where) == 0 &&
	    S_ISDIR(what.st_mode) != S_ISDIR(where.st_mode))
		return err_set(err, EINVAL, "mount '%s' on '%s': one of them is a folder, the other is none", e->source,
			       e->target);
	return r < 0 ? err_sys(err, -r, "mount '%s' on '%s'", e->source, e->target) : set_propagation(e, tree, err);
}

static int put_inside(const struct mount_entry *e, int source, int target, struct err *err)
{
	static const char stage[] = "/run"; /* the container has it by now */
	int r = mnt_is_old() ? mnt_stage(stage) : 0;
	autoclose int tree = r < 0 ? err_sys(err, -r, "make a place for mounts") : make_inside(e, source, err);

	r = tree < 0 ? tree : put(e, tree, target, err);
	if (mnt_is_old())
		umount2(stage, MNT_DETACH);
	return r;
}

/* What there is to be for it to be mounted on. from: what it comes from; -1: a file system of its own. */
static bool wants_folder(const struct mount_entry *e, int from)
{
	struct stat st;

	if (!e->create)
		return e->create_folder;
	return from < 0 || fstat(from, &st) < 0 || S_ISDIR(st.st_mode);
}

int mount_entry_attach(const struct mount_entry *e, int tree, struct err *err)
{
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), source = -1, target = -1;

	if (root < 0)
		return err_sys(err, errno, "open the root folder");
	if (tree < 0 && e->bind)
		source = path_open_in_root(root, e->source, O_PATH, 0);
	if (tree < 0 && e->bind && source < 0)
		return err_sys(err, -source, "open '%s' in the container", e->source);
	target = open_target(e, root, wants_folder(e, tree >= 0 ? tree : source), err);
	if (target < 0)
		return target;
	return tree < 0 ? put_inside(e, source, target, err) : put(e, tree, target, err);
}
