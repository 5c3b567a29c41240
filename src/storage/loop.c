/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file system of its own, in a sparse file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/mnt.h"
#include "storage/image.h"
#include "storage/internal.h"
#include "storage/loop_image.h"

#define USUAL_SIZE (UINT64_C(10) << 30)

/* --- making one -------------------------------------------------------------------------------------------------------- */

/* What is in it but root has not put there. */
static int clear(const struct storage_place *p, struct err *err)
{
	autocall(loop_image_done) struct loop_image i;
	autoclose int tree = -1;
	int r = loop_image_lock(&i, p, false, err);

	if (r == 0)
		r = tree = loop_image_mount(&i, &p->conf->options, err);
	if (r >= 0 && unlinkat(tree, "lost+found", AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove 'lost+found'");
	return r < 0 ? r : 0;
}

static int create(const struct storage_place *p, const char *base, struct err *err)
{
	const struct storage_place in = storage_place_in(p, p->folder);
	const struct fs *fs = fs_wanted(&p->conf->options, err);
	const uint64_t size = p->conf->size ? p->conf->size : USUAL_SIZE;
	autoclose int file = -1;
	int r;

	(void)base;
	if (!fs)
		return -err->code;
	file = openat(p->folder, LOOP_IMAGE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0 || ftruncate(file, (off_t)size) < 0)
		return err_sys(err, errno, "make '" LOOP_IMAGE "' of %ju bytes", (uintmax_t)size);
	r = fs_make(fs, file, err);
	return r < 0 ? r : clear(&in, err);
}

/* --- mounting it ------------------------------------------------------------------------------------------------------- */

static int set_up(int tree, const struct storage_place *p, const struct storage_ids *ids, const struct loop_image *i,
		  struct err *err)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	int r;

	if (ids->userns >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (unsigned)ids->userns;
	}
	if (p->conf->readonly)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	r = mnt_set(tree, &attr, false);
	if (r == -EINVAL || r == -EOPNOTSUPP)
		return err_set(err, -r, "map the ids of '%s': this kernel cannot, on %s", i->path, i->fs->name);
	return r < 0 ? err_sys(err, -r, "map the ids of '%s'", i->path) : 0;
}

static int open_loop(const struct storage_place *p, const struct storage_ids *ids, struct storage_mount *ret,
		     struct err *err)
{
	autocall(loop_image_done) struct loop_image i;
	autoclose int tree = -1;
	const bool lost = storage_had_loss(p);
	int r = loop_image_lock(&i, p, false, err);

	if (r == 0)
		r = fs_check_room(i.fs, i.file, i.file, lost, i.path, err);
	if (r == 0)
		r = fs_check(i.fs, i.file, i.path, lost, err);
	if (r == 0)
		r = loop_settle_size(&i, p->conf->size, err);
	if (r == 0 && p->note)
		r = p->note->fn(p->note->data, i.path, err);
	if (r == 0)
		r = tree = loop_image_mount(&i, &p->conf->options, err);
	if (r >= 0)
		r = set_up(tree, p, ids, &i, err);
	if (r < 0)
		return r;
	*ret = (struct storage_mount){ .tree = steal_fd(&tree), .use = -1, .served = -1, .own = true };
	return 0;
}

/* The device goes with the last mount, a moment later: the image is another's to have only then, and when it is another's
 * ours has gone. */
static int close_loop(const char *name, const char *object, uint64_t deadline, struct err *err)
{
	const struct loopdev dev = { .path = object, .name = name };

	return loopdev_await_end(&dev, deadline, err);
}

/* --- another one of it ---------------------------------------------------------------------------------------------------
 */

typedef int how_fn(int from, int to, const char *name, struct err *err);

static int duplicate_resting(const struct storage_place *from, const struct storage_place *to, how_fn *how, struct err *err)
{
	autocall(loop_image_done) struct loop_image i;
	int r = loop_image_lock(&i, from, true, err);

	return r < 0 ? r : how(i.file, to->folder, LOOP_IMAGE, err);
}

static int duplicate_live(const struct storage_place *from, const struct storage_place *to, how_fn *how, struct err *err)
{
	autocall(loop_image_done) struct loop_image i = { 0 };
	struct keeper frozen = { 0 };
	struct err second = { 0 };
	int ended, r = loop_freeze(&i, from, &frozen, err);

	if (r < 0)
		return r;
	r = how(i.file, to->folder, LOOP_IMAGE, err);
	ended = loop_thaw(&frozen, r < 0 ? &second : err);
	return r < 0 ? r : ended;
}

static int duplicate(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err,
		     how_fn *how)
{
	int r = (from->live ? duplicate_live : duplicate_resting)(from, to, how, err);

	if (r < 0)
		return r;
	*ret_path = str_fmt("loop:%s/%s/" LOOP_IMAGE, to->store->containers, to->name);
	return *ret_path ? 0 : err_nomem(err);
}

static int copy(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return duplicate(from, to, ret_path, err, storage_copy_file);
}

static int fork_loop(const struct storage_place *from, const struct storage_place *to, char **ret_path, struct err *err)
{
	return duplicate(from, to, ret_path, err, storage_share_file);
}

/* Where its file cannot be shared it is to be what others stand on. */
static int get_ready(const struct storage_place *p, struct err *err)
{
	autocall(loop_image_done) struct loop_image i = { .file = -1 };
	int r = storage_can_share(p->folder, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = loop_image_lock(&i, p, true, err);
	if (r < 0)
		return r;
	return image_settle_file(i.file, err) < 0 ? err_wrap(err, "'%s'", i.path) : 1;
}

const struct storage_backend storage_loop = {
	.name = "loop",
	.own = LOOP_IMAGE,
	.apart = true,
	.shares = true,
	.fork_live = true,
	.thin = { .as = "block", .part = IMAGE_FILE, .ready = get_ready },
	.size = USUAL_SIZE,
	.create = create,
	.open = open_loop,
	.close = close_loop,
	.copy = copy,
	.fork = fork_loop,
	.resize = loop_resize,
};
