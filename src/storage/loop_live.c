/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image that is mounted, standing still: what is written waits (FIFREEZE), and all that was is in the file. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/debug.h"
#include "storage/loop_image.h"

#define THAW_TIME (30 * CLOCK_SECOND)

static int make(void *root)
{
	return ioctl(*(int *)root, FIFREEZE, 0) < 0 ? -errno : 0;
}

static int undo(void *root)
{
	return ioctl(*(int *)root, FITHAW, 0) < 0 ? -errno : 0;
}

int loop_freeze(struct loop_image *i, const struct storage_place *p, struct keeper *ret, struct err *err)
{
	autoclose int device = -1, root = loop_image_running(i, p, &device, err);

	*ret = (struct keeper){ .hold = -1 };
	return root < 0 ? root : loop_freeze_root(root, ret, err);
}

int loop_freeze_root(int root, struct keeper *ret, struct err *err)
{
	const struct keeper_work work = { .what = "freeze its file system", .make = make, .undo = undo, .data = &root };
	int r;

	*ret = (struct keeper){ .hold = -1 };
	r = keeper_start(ret, &work, err);
	debug_point("live", "still");
	return r;
}

int loop_thaw(struct keeper *frozen, struct err *err)
{
	return keeper_end(frozen, clock_in(THAW_TIME)) < 0
		       ? err_set(err, EIO, "its file system may still be frozen: fsfreeze -u")
		       : 0;
}
