/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large an image is. The file is never shorter than the file system in it, wherever this is interrupted. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "storage/internal.h"
#include "storage/loop_image.h"

static int set_length(int file, uint64_t size, struct err *err)
{
	return ftruncate(file, (off_t)size) < 0 ? err_sys(err, errno, "make the image %ju bytes long", (uintmax_t)size) : 0;
}

/* At rest, by mounting it for the while. */
static int resize_mounted(const struct loop_image *i, uint64_t size, bool larger, struct err *err)
{
	autoclose int root = loop_image_mount(i, NULL, err), folder = -1;

	folder = root < 0 ? -1 : openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return root < 0 ? root : err_sys(err, errno, "open its root folder");
	return (larger ? i->fs->grow : i->fs->shrink)(folder, size, err);
}

static int resize_resting(const struct loop_image *i, uint64_t size, uint64_t now, struct err *err)
{
	const bool larger = size >= now, mounted = !str_eq(i->fs->name, "ext4") && (larger || i->fs->shrink);
	int r = larger ? set_length(i->file, size, err) : 0;

	if (larger)
		debug_point("resize", "file");
	if (r == 0)
		r = mounted ? resize_mounted(i, size, larger, err) : fs_resize_file(i->fs, i->file, i->path, size, err);
	debug_point("resize", "fs");
	return r < 0 || larger ? r : set_length(i->file, size, err);
}

static int get_length(int file, uint64_t *ret, struct err *err)
{
	struct stat st;

	if (fstat(file, &st) < 0)
		return err_sys(err, errno, "look at the image");
	*ret = (uint64_t)st.st_size;
	return 0;
}

/* As large as it was: what has not grown keeps no longer file, which would look as if it had. */
static void set_back(const struct loop_image *i, int device, int root, const struct statfs *was, uint64_t length)
{
	struct statfs is;

	if (syncfs(root) < 0 || fstatfs(root, &is) < 0 || is.f_blocks != was->f_blocks)
		return;
	if (set_length(i->file, length, NULL) == 0)
		(void)loopdev_measure(device, NULL);
}

static int grow_running(const struct loop_image *i, int device, int root, uint64_t size, uint64_t now, struct err *err)
{
	struct statfs was;
	int r;

	if (fstatfs(root, &was) < 0)
		return err_sys(err, errno, "look at the file system");
	r = set_length(i->file, size, err);
	debug_point("resize", "file");
	if (r == 0)
		r = loopdev_measure(device, err);
	if (r == 0)
		r = i->fs->grow(root, size, err);
	debug_point("resize", "fs");
	if (r < 0)
		set_back(i, device, root, &was, now);
	return r;
}

/* What is mounted has the lock. */
static int resize_running(const struct storage_place *p, uint64_t size, struct err *err)
{
	autocall(loop_image_done) struct loop_image i;
	autoclose int device = -1, root = loop_image_running(&i, p, &device, err);
	uint64_t now = 0;
	int r = root < 0 ? root : get_length(i.file, &now, err);

	if (r == 0 && size < now)
		return err_set(err, EBUSY, "it is mounted, and can only grow: stop the container to make it smaller");
	return r < 0 ? r : grow_running(&i, device, root, size, now, err);
}

int loop_resize(const struct storage_place *p, bool running, uint64_t size, struct err *err)
{
	autocall(loop_image_done) struct loop_image i = { .file = -1 };
	uint64_t now = 0;
	int r;

	if (!size)
		return err_set(err, EINVAL, "a file system in a file has a size: set another one");
	if (running)
		return resize_running(p, size, err);
	r = loop_image_lock(&i, p, false, err);
	if (r == 0)
		r = get_length(i.file, &now, err);
	if (r == 0)
		r = fs_check_room(i.fs, i.file, i.file, storage_had_loss(p), i.path, err);
	return r < 0 ? r : resize_resting(&i, size, now, err);
}

int loop_settle_size(const struct loop_image *i, uint64_t size, struct err *err)
{
	uint64_t now = 0;
	int r = get_length(i->file, &now, err);

	if (r < 0 || size > now)
		return r < 0 ? r : resize_resting(i, size, now, err);
	r = size ? fs_lacks(i->fs, i->file, size, err) : 0; /* of one that was being made smaller, and is not */
	return r > 0 ? resize_resting(i, now, now, err) : r;
}
