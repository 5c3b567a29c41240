/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container has changed, over images that it shares with others (storage/image.h). The container's folder has
 * delta/upper, delta/work and delta/base, a link that says which image is next; an image may name another in the same way.
 * Ids are mapped layer by layer, since the overlay itself cannot be: files lie on disk owned as inside. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/mnt.h"
#include "base/sys.h"
#include "storage/image.h"
#include "storage/internal.h"

#define OLD_KERNEL  "an overlay with mapped ids needs Linux 5.19 or later"
#define LAYERS_MAX  60 /* the names of all of them have to go into one option, of 255 bytes */
#define ROOM_BLOCKS 8  /* it needs a folder or two */

struct opening {
	const struct storage_place *place;
	const struct storage_ids *ids;
	int below; /* what is under all images, or -1 */
	int layers[LAYERS_MAX +
		   1]; /* detached mounts; the first is the delta's folder, then what it stands on, from above */
	size_t n;
};

/* Ids mapped. */
static int take_layer(struct opening *o, int folder, struct err *err)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	int tree, r;

	if (o->n == LAYERS_MAX)
		return err_set(err, ELOOP, "'%s' stands on more than %d images", o->place->path, LAYERS_MAX);
	if (o->ids->userns >= 0) {
		attr.attr_set = MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)o->ids->userns;
	}
	r = tree = mnt_copy(folder, false);
	if (tree >= 0) {
		o->layers[o->n++] = tree;
		r = mnt_set(tree, &attr, false);
	}
	if (r == -EINVAL)
		return err_set(err, -r, "map the ids of '%s': its file system cannot: put it on ext4, xfs or btrfs",
			       o->place->path);
	return r < 0 ? err_sys(err, -r, "map the ids of '%s'", o->place->path) : 0;
}

/* Of the image that is named in the folder `above`, which becomes the image's. 1; 0: it stands on none. */
static int take_image(struct opening *o, int *above, struct err *err)
{
	autoclose int tree = -1;
	char id[IMAGE_ID_SIZE];
	int image, r = image_read(*above, IMAGE_BASE, id, err);

	if (r <= 0)
		return r;
	image = image_open(o->place->store, id, err);
	if (image < 0)
		return image;
	close(*above);
	*above = image;
	tree = openat(image, IMAGE_TREE, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (tree < 0)
		return err_sys(err, errno, "open image '%s'", id);
	r = take_layer(o, tree, err);
	return r < 0 ? r : 1;
}

static int take_below(struct opening *o, struct err *err)
{
	int tree = fcntl(o->below, F_DUPFD_CLOEXEC, 3);

	if (tree < 0)
		return err_sys(err, errno, "take what '%s' stands on", o->place->path);
	o->layers[o->n++] = tree;
	return 0;
}

static int take_all(struct opening *o, struct err *err)
{
	autoclose int at = openat(o->place->folder, IMAGE_DELTA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (at < 0)
		return err_sys(err, errno, "open '%s'", o->place->path);
	r = take_layer(o, at, err);
	if (r == 0)
		do
			r = take_image(o, &at, err);
		while (r > 0);
	if (r == 0 && o->below >= 0)
		r = take_below(o, err);
	return r == 0 && o->n < 2 ? err_set(err, ENOENT, "'%s' does not say what it stands on", o->place->path) : r;
}

/* In ./0, ./1 and so on; their names as the kernel wants those of lower layers. */
static int put_all(const struct opening *o, struct str *ret_lower, struct err *err)
{
	char name[16];
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->n; i++) {
		autoclose int at = -1;
		str_print(name, sizeof name, "%zu", i);
		if (mkdir(name, 0700) < 0 || (at = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
			return err_sys(err, errno, "make a place for a layer");
		r = mnt_move(o->layers[i], at);
		if (i > 0)
			str_addf(ret_lower, i > 1 ? ":%s" : "%s", name);
	}
	return r < 0 ? err_sys(err, -r, "mount the layers of '%s'", o->place->path) : 0;
}

/* The kernel mounts one read-only, without a word, where it cannot make what it needs in the work folder. */
static int explain_readonly(const struct opening *o, struct err *err)
{
	struct statvfs fs;

	if (fstatvfs(o->layers[0], &fs) == 0 && (fs.f_bavail < ROOM_BLOCKS || fs.f_favail == 0))
		return err_set(err, ENOSPC, "there is no room left for the overlay of '%s'", o->place->path);
	return err_set(err, EROFS,
		       "the overlay of '%s' cannot be written with these ids: Linux 5.19 or later is needed, and a "
		       "file system such as ext4, xfs, btrfs; -B dir does without",
		       o->place->path);
}

static int mount_all(const struct opening *o, const char *lower, struct err *err)
{
	autofree char *options =
		str_fmt("lowerdir=%s,upperdir=0/upper,workdir=0/work,redirect_dir=on,metacopy=off,index=off,"
			"xino=auto",
			lower);
	autoclose int tree = -1;
	struct statvfs fs;

	if (!options)
		return err_nomem(err);
	if (o->ids->userns >= 0) {
		if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
			return err_sys(err, errno, "keep capabilities");
		setfsgid(o->ids->gid);
		setfsuid(o->ids->uid);
	}
	tree = mnt_new("overlay", "mgr", options, 0, err);
	if (tree < 0)
		return err_wrap(err, "mount the overlay of '%s'", o->place->path);
	if (fstatvfs(tree, &fs) < 0)
		return err_sys(err, errno, "look at the overlay of '%s'", o->place->path);
	if (fs.f_flag & ST_RDONLY)
		return explain_readonly(o, err);
	return steal_fd(&tree);
}

/* The kernel wants its layers mounted where it is made. */
static int mount_apart(void *data, struct err *err)
{
	const struct opening *o = data;
	autocall(str_done) struct str lower = { 0 };
	int r = put_all(o, &lower, err);

	if (r == 0 && lower.failed)
		r = err_nomem(err);
	return r < 0 ? r : mount_all(o, str_text(&lower), err);
}

int overlay_open(const struct storage_place *p, const struct storage_ids *ids, int below, struct storage_mount *ret,
		 struct err *err)
{
	const struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	struct opening o = { .place = p, .ids = ids, .below = below };
	autoclose int tree = -1;
	int r;

	if (mnt_is_old())
		return err_set(err, EOPNOTSUPP, OLD_KERNEL);
	r = p->conf->size ? storage_bound_delta(p, err) : 0;
	if (r == 0)
		r = take_all(&o, err);
	if (r == 0)
		r = tree = mnt_apart(mount_apart, &o, err);
	while (o.n > 0)
		close(o.layers[--o.n]);
	if (r >= 0 && p->conf->readonly && (r = mnt_set(tree, &readonly, false)) < 0)
		err_sys(err, -r, "make '%s' read-only", p->path);
	if (r < 0)
		return r;
	*ret = (struct storage_mount){ .tree = steal_fd(&tree), .use = -1, .served = -1 };
	return 0;
}

static int open_overlay(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
			struct err *err)
{
	return overlay_open(p, ids, -1, ret, err);
}

/* Layers can be mapped since Linux 5.19, those on a tmpfs since 6.3. Other file systems may do, but are not known to. */
static int check(const struct store *store, struct err *err)
{
	static const struct {
		long magic;
		unsigned since; /* 1000 times the first number of the kernel, and the second */
	} known[] = { { EXT4_SUPER_MAGIC, 5019 },
		      { XFS_SUPER_MAGIC, 5019 },
		      { BTRFS_SUPER_MAGIC, 5019 },
		      { F2FS_SUPER_MAGIC, 5019 },
		      { TMPFS_MAGIC, 6003 } };
	autoclose int context = fsopen("overlay", FSOPEN_CLOEXEC);
	autofree char *folder = store_nearest(store);
	unsigned major = 0, minor = 0;
	struct utsname kernel;
	struct statfs fs;

	if (mnt_is_old() || uname(&kernel) < 0 || sscanf(kernel.release, "%u.%u", &major, &minor) != 2 ||
	    major * 1000 + minor < 5019)
		return err_set(err, EOPNOTSUPP, OLD_KERNEL);
	if (context < 0)
		return err_set(err, EOPNOTSUPP, "the kernel has no overlay: modprobe overlay");
	if (!folder)
		return err_nomem(err);
	if (statfs(folder, &fs) < 0)
		return err_sys(err, errno, "look at the file system of '%s'", folder);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (fs.f_type == known[i].magic && major * 1000 + minor >= known[i].since)
			return 0;
	return err_set(err, EOPNOTSUPP, "'%s' is on no file system that is known to take overlays", store->containers);
}

const struct storage_backend storage_overlay = {
	.name = "overlay",
	.own = IMAGE_DELTA,
	.on_base = true,
	.check = check,
	.create = overlay_create,
	.copy = overlay_copy_op,
	.fork = overlay_fork_op,
	.open = open_overlay,
	.resize = storage_resize_delta,
	.usage = storage_delta_usage,
};
