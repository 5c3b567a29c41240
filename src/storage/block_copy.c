/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another one of a container whose changes are blocks. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/lock.h"
#include "storage/block.h"
#include "storage/internal.h"
#include "storage/loop_image.h"

#define END_TIME (5 * CLOCK_SECOND) /* of whoever wrote to it until now */

typedef int how_fn(int from, int to, const char *name, struct err *err);

/* resting: when nobody writes to it any more. -ENOENT without a message: nothing has been written yet. */
static int open_blocks(int delta, bool resting, struct err *err)
{
	autoclose int file = openat(delta, IMAGE_BLOCKS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (file < 0 && errno == ENOENT)
		return -ENOENT;
	r = file < 0 ? -errno : resting ? lock_take(file, F_RDLCK, 0, 0, clock_in(END_TIME)) : 0;
	if (r == -EAGAIN)
		return err_set(err, EBUSY, "'" IMAGE_BLOCKS "' is still being written to");
	return r < 0 ? err_sys(err, -r, "open '" IMAGE_BLOCKS "'") : steal_fd(&file);
}

static int tell(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };

	if (block_has_disk(from)) {
		if (disk_load(from->folder, &disk, err) < 0 || disk_save(&disk, to->folder, err) < 0)
			return -err->code;
		*ret_path = strdup(from->conf->path);
	} else
		*ret_path = str_fmt("block:%s/%s/" IMAGE_DELTA, to->store->containers, to->name);
	return *ret_path ? 0 : err_nomem(err);
}

/* The delta once more, on what it stands on. */
static int duplicate_still(const struct storage_place *from, const struct storage_place *to, how_fn *how, struct err *err)
{
	autoclose int was = openat(from->folder, IMAGE_DELTA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), is = -1;
	autoclose int file = was < 0 ? -1 : open_blocks(was, !from->live, err);
	char id[IMAGE_ID_SIZE];
	int r;

	if (was < 0)
		return err_sys(err, errno, "open '" IMAGE_DELTA "'");
	if (file < 0 && file != -ENOENT)
		return file;
	r = is = image_make_blocks(to->folder, IMAGE_DELTA, err);
	if (r >= 0)
		r = image_read(was, IMAGE_BASE, id, err);
	if (r > 0)
		r = image_link(to->store, id, is, IMAGE_BASE, err);
	if (r >= 0)
		block_copy_size(was, is);
	return r < 0 || file < 0 ? r : how(file, is, IMAGE_BLOCKS, err);
}

/* All that has been written is in the delta, with its map, and nothing more is, until it is thawed. */
static int stand_still(const struct storage_place *p, struct keeper *ret, struct err *err)
{
	const struct loopdev what = { .path = p->path, .name = p->uuid };
	const struct fs *fs = NULL;
	unsigned n = 0;
	autoclose int device = loopdev_find_written(&what, &n, err), tree = -1, root = -1;
	int r = device < 0 ? device : fs_probe(device, &fs, err);

	*ret = (struct keeper){ .hold = -1 };
	if (r == 0)
		r = tree = fs_mount(fs, n, NULL, err); /* the same, since the device is */
	if (r >= 0 && (root = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = err_sys(err, errno, "open its root folder");
	if (r >= 0)
		r = loop_freeze_root(root, ret, err);
	if (r >= 0 && fsync(device) < 0) {
		r = err_sys(err, errno, "bring what it has written to the delta");
		loop_thaw(ret, NULL);
	}
	return r;
}

static int duplicate_live(const struct storage_place *from, const struct storage_place *to, how_fn *how, struct err *err)
{
	struct keeper frozen = { 0 };
	struct err second = { 0 };
	int ended, r = stand_still(from, &frozen, err);

	if (r < 0)
		return r;
	r = duplicate_still(from, to, how, err);
	ended = loop_thaw(&frozen, r < 0 ? &second : err);
	return r < 0 ? r : ended;
}

static int duplicate(const struct storage_place *from, const struct storage_place *to, how_fn *how, struct err *err)
{
	return (from->live ? duplicate_live : duplicate_still)(from, to, how, err);
}

int block_copy(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return duplicate(from, to, storage_copy_file, err) < 0 ? -err->code : tell(from, to, ret_path, err);
}

/* All that it has been until now is on disk, its times too: what stands on it has them. */
static int settle(const struct storage_place *from, struct err *err)
{
	autoclose int delta = openat(from->folder, IMAGE_DELTA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autoclose int file = delta < 0 ? -1 : open_blocks(delta, true, err);

	if (delta < 0)
		return err_sys(err, errno, "open '" IMAGE_DELTA "'");
	if (file < 0)
		return file == -ENOENT ? 0 : file;
	return image_settle_file(file, err);
}

static int write_all(int image, void *data, struct err *err)
{
	const struct storage_place *p = data;
	autocall(block_below_done) struct block_below below = { 0 };
	autofree char *blocks = block_path(p->folder);
	struct disk disk = { 0 };
	int r = blocks ? block_find_below(p, &disk, &below, err) : err_nomem(err);

	if (r == 0 && strv_addf(&below.from, "%.*s", (int)(strrchr(below.top, '/') - below.top), below.top) < 0)
		r = err_nomem(err);
	return r < 0 ? r : disk_convert_all(blocks, &below.from, image, IMAGE_FILE, err);
}

static int make_whole(const struct storage_place *p, struct err *err)
{
	struct storage_place place = *p;

	if (block_has_disk(p))
		return err_set(err, ELOOP, "'%s' stands on so many images over its disk that more cannot be", p->path);
	return image_whole_file(p->store, write_all, &place, p->folder, IMAGE_DELTA, true, err);
}

int block_freeze(const struct storage_place *p, char ret_id[static IMAGE_ID_SIZE], struct err *err)
{
	int r = settle(p, err);

	if (r == 0)
		r = block_is_deep(p, err);
	if (r > 0)
		r = make_whole(p, err);
	return r < 0 ? r : image_freeze(p->store, p->folder, IMAGE_DELTA, ret_id, err);
}

/* What has been changed becomes an image, unless that is nothing: on a disk nothing of it is on an image then. */
static int stand_beside(const struct storage_place *from, const struct storage_place *to, struct err *err)
{
	autoclose int made = -1;
	char id[IMAGE_ID_SIZE];
	int frozen = block_freeze(from, id, err), r = frozen;

	if (r == -ENOENT && block_has_disk(from)) {
		err_clear(err);
		r = 0;
	}
	if (r == 0)
		r = made = image_make_blocks(to->folder, IMAGE_DELTA, err);
	return r < 0 || frozen < 0 ? r : image_link(to->store, id, made, IMAGE_BASE, err);
}

/* Shared where the host's file system can do that, and it is one file more then; else both stand on what there is. */
int block_fork(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	int r = storage_can_share(from->folder, err);

	if (r >= 0)
		r = r > 0 || from->live ? duplicate(from, to, storage_share_file, err) : stand_beside(from, to, err);
	return r < 0 ? r : tell(from, to, ret_path, err);
}
