/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk or an image of the host's is what a container stands on. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "life/internal.h"
#include "storage/disk.h"

#define OPTION "--image"

int birth_disk(struct birth *birth, struct err *err)
{
	birth->disk = realpath(birth->what->image, NULL);
	return birth->disk ? 0 : err_sys(err, errno, OPTION ": find '%s'", birth->what->image);
}

int birth_fill_disk(const struct birth *birth, struct err *err)
{
	const struct rootfs_conf conf = { 0 };
	const struct storage_place place = { .conf = &conf,
					     .path = birth->disk,
					     .store = birth->store,
					     .name = birth->what->name,
					     .uuid = birth->uuid,
					     .folder = birth->folder };
	autocall(disk_done) struct disk disk = { 0 };
	int r = disk_find(birth->store, birth->disk, birth->what->partition, &disk, err);

	if (r == 0)
		r = disk_save(&disk, birth->folder, err);
	if (r == 0)
		r = birth->backend->create(&place, NULL, err);
	debug_point("create", "filled");
	return r < 0 ? err_wrap(err, OPTION) : 0;
}
