/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What containers stand on has been written, and the user says that they go on standing on it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "storage/block.h"
#include "storage/disk_internal.h"
#include "storage/image.h"
#include "storage/internal.h"

/* What is on it now. Not `from`, which stays with `was`. */
static int find_again(const struct storage_place *p, const struct disk *was, bool served, struct disk *ret, struct err *err)
{
	const int64_t wanted = (int64_t)was->partition;
	autoclose int device = -1;

	int r;

	*ret = (struct disk){ .from = was->from };
	if (served)
		r = device = disk_find_served(p->store, p->path, wanted, ret, err);
	else
		r = disk_find(p->store, p->path, wanted, ret, err);
	if (r == -ENOENT && wanted && access(p->path, F_OK) == 0)
		return err_set(
			err, EINVAL,
			"'%s' is another disk now: %s at %ju, partition %jd, was below the container, and that is not "
			"there: put back what it was, or make a container over what it is",
			p->path, was->fs, (uintmax_t)was->offset, (intmax_t)wanted);
	return r < 0 ? r : 0;
}

static int check_same(const struct disk *was, const struct disk *now, const char *path, struct err *err)
{
	if (was->offset == now->offset && str_eq(was->fs, now->fs))
		return 0;
	return err_set(err, EINVAL, "'%s' is another disk now: %s at %ju was below the container, and is %s at %ju", path,
		       was->fs, (uintmax_t)was->offset, now->fs, (uintmax_t)now->offset);
}

/* 1: it has changed, and *ret is what it is now. */
static int look_again(const struct storage_place *p, struct disk *was, struct disk *ret, bool served, struct err *err)
{
	if (disk_load(p->folder, was, err) < 0)
		return -err->code;
	if (was->in_place)
		return 0;
	if (find_again(p, was, served, ret, err) < 0 || check_same(was, ret, p->path, err) < 0)
		return -err->code;
	return was->size != ret->size || was->mtime != ret->mtime || was->below != ret->below;
}

static int take(const struct storage_place *p, bool served, struct err *err)
{
	autocall(disk_done) struct disk was = { 0 };
	struct disk now;
	int r = look_again(p, &was, &now, served, err);

	return r > 0 && disk_save(&now, p->folder, err) < 0 ? -err->code : r;
}

int disk_take(const struct storage_place *p, struct err *err)
{
	return take(p, false, err);
}

int disk_take_served(const struct storage_place *p, struct err *err)
{
	return take(p, true, err);
}

/* --- deltas of blocks know it, too --------------------------------------------------------------------------------------
 */

static int take_blocks(const char *blocks, const char *base, const struct strv *from, const struct disk *disk,
		       struct err *err)
{
	autocall(strv_done) struct strv argv = { 0 };
	int r = strv_add(&argv, DISK_PROGRAM) | strv_add(&argv, "--take") | strv_addf(&argv, "--delta=%s", blocks);

	if (disk->from)
		r |= strv_addf(&argv, "--backing-from=%s", disk->from);
	for (size_t i = 0; i < from->n; i++)
		r |= strv_addf(&argv, "--backing-from=%s", from->v[i]);
	if (r | strv_add(&argv, base))
		return err_nomem(err);
	return proc_run((const char *const *)argv.v, NULL, 0, err);
}

/* What others stand on keeps a time that they find again in a copy of the store, too. */
static int take_image(const char *blocks, const char *base, const struct strv *from, const struct disk *disk,
		      struct err *err)
{
	autoclose int file = open(blocks, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (file < 0)
		return err_sys(err, errno, "open '%s'", blocks);
	return take_blocks(blocks, base, from, disk, err) < 0 ? -err->code : image_settle_file(file, err);
}

/* Of the images from the one on the disk upwards, then its own, each on what is below it. */
static int take_stack(const struct storage_place *p, const struct disk *disk, const struct block_below *below,
		      const char *own, struct err *err)
{
	autofree char *base = strdup(p->path);
	const size_t folders = below->top ? below->from.n - 1 : 0; /* the last is the disk's */
	int r = base ? 0 : err_nomem(err);

	for (size_t i = folders; i-- > 0 && r == 0;) {
		autofree char *image = str_fmt("%s/" IMAGE_BLOCKS, below->from.v[i]);
		r = image ? take_image(image, base, &below->from, disk, err) : err_nomem(err);
		free(base);
		base = steal_ptr(&image);
	}
	if (r == 0 && below->top)
		r = take_image(below->top, base, &below->from, disk, err);
	if (r == 0 && access(own, F_OK) == 0) /* else nothing has been written yet */
		r = take_blocks(own, below->top ? below->top : base, &below->from, disk, err);
	return r;
}

int block_take(const struct storage_place *p, struct err *err)
{
	autocall(block_below_done) struct block_below below = { 0 };
	autocall(disk_done) struct disk was = { 0 }, again = { 0 };
	autofree char *own = str_fmt("/proc/self/fd/%d/" IMAGE_DELTA "/" IMAGE_BLOCKS, p->folder);
	autofree char *real = own ? realpath(own, NULL) : NULL;
	struct disk now;
	int r;

	if (!block_has_disk(p))
		return 0;
	r = look_again(p, &was, &now, true, err);
	if (r <= 0)
		return r;
	if (block_find_below(p, &again, &below, err) < 0 || take_stack(p, &was, &below, real ? real : "", err) < 0 ||
	    disk_save(&now, p->folder, err) < 0)
		return -err->code;
	return 1;
}
