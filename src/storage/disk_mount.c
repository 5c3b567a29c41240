/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is on a disk, mounted. The kernel reads it: that its file systems take what strangers made is the kernel's matter. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mnt.h"
#include "base/path.h"
#include "storage/disk_internal.h"
#include "storage/fs.h"
#include "storage/loopdev.h"

#define LOCK      "lock"
#define LOCK_TIME (30 * CLOCK_SECOND)
#define GO_TIME   (5 * CLOCK_SECOND) /* for another's device that is about to go */

/* Read-only. look: although it has not been unmounted. */
static int mount_device(unsigned n, const char *content, bool look, struct err *err)
{
	const struct fs *fs = fs_driving(content);
	char source[32], options[64];

	str_print(source, sizeof source, "/dev/loop%u", n);
	str_print(options, sizeof options, "ro%s%s", fs ? fs->needs : "", fs && look ? fs->look : "");
	return mnt_new(fs ? fs->name : content, source, options, MOUNT_ATTR_RDONLY, err);
}

static int explain(const struct disk *disk, const char *path, struct err *err)
{
	const bool unclean = err->code == EROFS || err->code == EUCLEAN;

	if (err->code == ENODEV)
		return err_set(err, ENODEV, "'%s' holds %s, which this kernel has no file system for", path, disk->fs);
	if (unclean)
		return err_set(
			err, EROFS,
			"the file system (%s) in '%s' was not unmounted, and has to be recovered before it can be read",
			disk->fs, path);
	return err_wrap(err, "mount '%s' (%s)", path, disk->fs);
}

int disk_mount_device(unsigned n, const struct disk *disk, const char *path, struct err *err)
{
	int tree = mount_device(n, disk->fs, false, err);

	return tree < 0 ? explain(disk, path, err) : tree;
}

/* Of whoever has it mounted already, so that it is the same file system. */
static int open_device(const struct loopdev *what, int file, unsigned *ret_n, struct err *err)
{
	int device = loopdev_find_shared(what, file, ret_n, NULL);

	return device >= 0 ? device : loopdev_attach(what, file, ret_n, err);
}

int disk_has_root(int file, const char *path, const struct disk_part *part, struct err *err)
{
	static const char *const inits[] = { "sbin/init", "usr/lib/systemd/systemd", "lib/systemd/systemd", "bin/init" };
	const struct loopdev what = {
		.path = path, .name = "look", .offset = part->offset, .length = part->length, .readonly = true
	};
	autoclose int device = -1, tree = -1, etc = -1;
	unsigned n;

	device = open_device(&what, file, &n, err);
	if (device < 0)
		return device;
	tree = mount_device(n, part->fs, true, err);
	if (tree < 0)
		return tree;
	etc = path_open_in_root(tree, "etc", O_PATH | O_DIRECTORY, 0);
	for (size_t i = 0; etc >= 0 && i < ARRAY_SIZE(inits); i++) {
		autoclose int init = path_open_in_root(tree, inits[i], O_PATH, 0);
		if (init >= 0)
			return 1;
	}
	return 0;
}

int disk_folder(const struct store *store, struct err *err)
{
	autoclose int run = open(store->manager_run, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int dir;

	if (run < 0 || (mkdirat(run, DISK_RUN, 0700) < 0 && errno != EEXIST))
		return err_sys(err, errno, "make folder '%s/" DISK_RUN "'", store->manager_run);
	dir = openat(run, DISK_RUN, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? err_sys(err, errno, "open folder '%s/" DISK_RUN "'", store->manager_run) : dir;
}

int disk_lock(int folder, struct err *err)
{
	int lock = store_lock_file(folder, LOCK, clock_in(LOCK_TIME));

	return lock < 0 ? err_sys(err, -lock, "lock '" DISK_RUN "/" LOCK "'") : lock;
}

int disk_find(const struct store *store, const char *path, int64_t wanted, struct disk *ret, struct err *err)
{
	const struct loopdev what = { .path = path, .name = "", .readonly = true };
	autoclose int folder = disk_folder(store, err), lock = folder < 0 ? folder : disk_lock(folder, err), file = -1;

	if (lock < 0)
		return lock;
	file = loopdev_lock(&what, clock_in(GO_TIME), err);
	if (file < 0 || disk_take_file(file, path, ret, err) < 0)
		return -err->code;
	return disk_look(file, file, path, wanted, ret, err);
}

int disk_mount(const struct disk *disk, const char *path, const char *name, const struct store *store, struct err *err)
{
	const struct loopdev what = {
		.path = path, .name = name, .offset = disk->offset, .length = disk->length, .readonly = true
	};
	autoclose int folder = disk_folder(store, err), lock = folder < 0 ? folder : disk_lock(folder, err);
	autoclose int file = -1, device = -1;
	unsigned n;

	if (lock < 0)
		return lock;
	file = loopdev_lock(&what, clock_in(GO_TIME), err);
	if (file < 0 || disk_check_file(file, path, disk, err) < 0)
		return -err->code;
	device = open_device(&what, file, &n, err);
	return device < 0 ? device : disk_mount_device(n, disk, path, err);
}
