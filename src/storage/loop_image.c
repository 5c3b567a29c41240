/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/loop_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define FREE_TIME (5 * CLOCK_SECOND) /* a device that somebody has just let go of takes a moment */

char *loop_image_path(const struct storage_place *p)
{
	autofree char *inside = p->path ? NULL : str_fmt("/proc/self/fd/%d/" LOOP_IMAGE, p->folder);
	const char *path = p->path ? p->path : inside;
	char *real = path ? realpath(path, NULL) : NULL;

	return real ? real : path ? strdup(path) : NULL;
}

void loop_image_done(struct loop_image *i)
{
	free(i->path);
	if (i->file >= 0)
		close(i->file);
}

int loop_image_lock(struct loop_image *i, const struct storage_place *p, bool readonly, struct err *err)
{
	*i = (struct loop_image){ .path = loop_image_path(p), .file = -1 };
	if (!i->path)
		return err_nomem(err);
	i->dev = (struct loopdev){ .path = i->path, .name = p->name ? p->name : "", .readonly = readonly };
	i->file = loopdev_lock(&i->dev, clock_in(FREE_TIME), err);
	if (i->file < 0)
		return i->file;
	return fs_probe(i->file, &i->fs, err) < 0 ? err_wrap(err, "'%s'", i->path) : 0;
}

int loop_image_mount(const struct loop_image *i, const struct strv *options, struct err *err)
{
	unsigned n = 0;
	autoclose int device = loopdev_attach(&i->dev, i->file, &n, err);
	int r = device < 0 ? device : fs_mount(i->fs, n, options, err);

	if (r == -EUCLEAN) /* what no check before it has found */
		return fs_say_damaged(i->fs, i->path, 0, err);
	return r < 0 ? err_wrap(err, "'%s'", i->path) : r;
}

/* Mounted once more: by the same device, it is the same. */
static int mount_again(const struct loop_image *i, int device, struct err *err)
{
	autoclose int root = -1;
	struct stat st;
	int folder;

	if (fstat(device, &st) < 0)
		return err_sys(err, errno, "look at the loop device");
	root = fs_mount(i->fs, minor(st.st_rdev), NULL, err);
	if (root < 0)
		return root;
	folder = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0 ? err_sys(err, errno, "open its root folder") : folder;
}

int loop_image_running(struct loop_image *i, const struct storage_place *p, int *ret_device, struct err *err)
{
	autoclose int device = -1;
	int r;

	*i = (struct loop_image){ .path = loop_image_path(p), .file = -1 };
	if (!i->path)
		return err_nomem(err);
	i->file = open(i->path, O_RDWR | O_CLOEXEC);
	if (i->file < 0)
		return err_sys(err, errno, "open '%s'", i->path);
	r = fs_probe(i->file, &i->fs, err);
	if (r == 0)
		r = device = loopdev_find(i->file, NULL, err);
	if (r >= 0)
		r = mount_again(i, device, err);
	if (r < 0)
		return err_wrap(err, "'%s'", i->path);
	*ret_device = steal_fd(&device);
	return r;
}
