/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
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
	const unsigned all = e->recursive ? AT_RECURSIVE : 0;

	if (userns >= 0 && e->idmap) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)userns;
	}
	if (mount_setattr(tree, "", AT_EMPTY_PATH | all, &attr, sizeof attr) == 0)
		return 0;
	if (attr.attr_set & MOUNT_ATTR_IDMAP)
		return mount_refuse_unmapped(e->source, source, userns, errno, err);
	return err_sys(err, errno, "set the options of '%s'", e->source);
}

/* Among the container's own mounts. */
static int set_propagation(const struct mount_entry *e, int tree, struct err *err)
{
	struct mount_attr attr = { .propagation = e->propagation };
	const unsigned all = e->propagate_all ? AT_RECURSIVE : 0;

	if (!e->propagation || e->propagation == MS_SLAVE)
		return 0;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | all, &attr, sizeof attr) < 0)
		return err_sys(err, errno, "set the propagation of '%s'", e->target);
	return 0;
}

static int open_bind(const struct mount_entry *e, int source, struct err *err)
{
	int tree = open_tree(source, "",
			     AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (e->recursive ? AT_RECURSIVE : 0U));

	return tree < 0 ? err_sys(err, errno, "open '%s'", e->source) : tree;
}

static int set_option(int fs, const char *word)
{
	autofree char *name = strdup(word);
	char *value = name ? strchr(name, '=') : NULL;

	if (!name)
		return -1;
	if (!value)
		return fsconfig(fs, FSCONFIG_SET_FLAG, name, NULL, 0);
	*value++ = '\0';
	return fsconfig(fs, FSCONFIG_SET_STRING, name, value, 0);
}

/* What the kernel has to say of a file system that cannot be made (fsopen(2)): "e MESSAGE". */
static int refused(int fs, const struct mount_entry *e, struct err *err)
{
	const int code = errno;
	char text[200];
	ssize_t n = fs < 0 ? -1 : read(fs, text, sizeof text - 1);

	if (n < 3)
		return err_sys(err, code, "mount '%s' of type '%s'", e->source, e->type);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_set(err, code, "mount '%s' of type '%s': %s", e->source, e->type, text + 2);
}

static int open_new(const struct mount_entry *e, struct err *err)
{
	autoclose int fs = fsopen(e->type, FSOPEN_CLOEXEC);
	int tree = -1;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", e->source, 0) < 0)
		return refused(fs, e, err);
	/* a superblock of its own, read-only as a disk that cannot be written wants it */
	if (mount_entry_is_readonly(e) && !is_the_guests(e->type) && fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return refused(fs, e, err);
	for (size_t i = 0; i < e->data.n; i++)
		if (set_option(fs, e->data.v[i]) < 0)
			return refused(fs, e, err);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return tree < 0 ? refused(fs, e, err) : tree;
}

int mount_entry_tree(const struct mount_entry *e, int source, int userns, struct err *err)
{
	autoclose int tree = e->bind ? open_bind(e, source, err) : open_new(e, err);
	int locked;

	if (tree < 0 || set_attributes(e, source, tree, userns, err) < 0)
		return -err->code;
	if (userns < 0 || !e->set)
		return steal_fd(&tree);
	locked = mount_lock(tree, userns, err);
	return locked;
}

/* --- in the child ---------------------------------------------------------------------------------------------------- */

static int make_target(const struct mount_entry *e, int root, struct err *err)
{
	autofree char *path = strdup(e->target);
	autoclose int made = -1;
	char *slash;

	if (!path)
		return err_nomem(err);
	if (e->create_folder)
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

static int open_target(const struct mount_entry *e, int root, struct err *err)
{
	int fd = path_open_in_root(root, e->target, O_PATH, 0);

	if (fd == -ENOENT && (e->create_folder || e->create_file)) {
		int made = make_target(e, root, err);
		if (made < 0)
			return made;
		close(made);
		fd = path_open_in_root(root, e->target, O_PATH, 0);
	}
	if (fd == -ENOENT)
		return err_set(err, ENOENT,
			       "mount '%s': the container has no '%s': create=dir or create=file in the options makes it",
			       e->source, e->target);
	return fd < 0 ? err_sys(err, -fd, "open '%s' in the container", e->target) : fd;
}

static int make_inside(const struct mount_entry *e, int root, struct err *err)
{
	autoclose int source = e->bind ? path_open_in_root(root, e->source, O_PATH, 0) : -1, tree = -1;

	if (e->bind && source < 0)
		return err_sys(err, -source, "open '%s' in the container", e->source);
	tree = e->bind ? open_bind(e, source, err) : open_new(e, err);
	if (tree < 0 || set_attributes(e, source, tree, -1, err) < 0)
		return -err->code;
	return steal_fd(&tree);
}

int mount_entry_attach(const struct mount_entry *e, int tree, struct err *err)
{
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), own = -1, target = -1;

	if (root < 0)
		return err_sys(err, errno, "open the root folder");
	if (tree < 0)
		tree = own = make_inside(e, root, err);
	if (tree < 0)
		return tree;
	target = open_target(e, root, err);
	if (target < 0)
		return target;
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(err, errno, "mount '%s' on '%s'", e->source, e->target);
	return set_propagation(e, tree, err);
}
