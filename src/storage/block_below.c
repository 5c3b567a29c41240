/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "storage/image.h"

#define END_MOST   (UINT64_C(2) << 20) /* bytes of a partition table's end, and what its whole units leave over */
#define DEPTH_MOST 48 /* images that one stands on: 64 files are what can be read as one disk (qcow2/chain.h) */

void block_below_done(struct block_below *below)
{
	free(steal_ptr(&below->top));
	strv_done(&below->from);
}

bool block_has_disk(const struct storage_place *p)
{
	return faccessat(p->folder, DISK_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Which file of the image it is: the first is served, those below it may be read. */
static int add_image(int image, char *path, struct block_below *ret, struct err *err)
{
	if (ret->top)
		return strv_add(&ret->from, path) < 0 ? err_nomem(err) : 0;
	ret->raw = faccessat(image, IMAGE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	ret->top = str_fmt("%s/%s", path, ret->raw ? IMAGE_FILE : IMAGE_BLOCKS);
	return ret->top ? 0 : err_nomem(err);
}

static int add_images(const struct storage_place *p, struct block_below *ret, struct err *err)
{
	autoclose int at = openat(p->folder, IMAGE_DELTA, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char id[IMAGE_ID_SIZE];
	int r;

	if (at < 0)
		return err_sys(err, errno, "open '" IMAGE_DELTA "'");
	while ((r = image_read(at, IMAGE_BASE, id, err)) > 0) {
		autofree char *path = image_path(p->store, id);
		close(at);
		at = image_open(p->store, id, err);
		if (at < 0 || !path)
			return at < 0 ? at : err_nomem(err);
		if (add_image(at, path, ret, err) < 0)
			return -err->code;
	}
	return r;
}

static int add_disk(const struct storage_place *p, struct block_below *ret, struct err *err)
{
	const char *slash = strrchr(p->path, '/');
	autofree char *folder = slash == p->path ? strdup("/") : strndup(p->path, (size_t)(slash - p->path));

	return !folder || strv_add(&ret->from, folder) < 0 ? err_nomem(err) : 0;
}

int block_find_below(const struct storage_place *p, struct disk *ret_disk, struct block_below *ret, struct err *err)
{
	const bool on_disk = block_has_disk(p);
	int r = on_disk ? disk_load(p->folder, ret_disk, err) : 0;

	if (r == 0)
		r = add_images(p, ret, err);
	if (r == 0 && !on_disk && !ret->top)
		return err_set(err, ENOENT, "'%s' does not say what it stands on", p->path ? p->path : IMAGE_DELTA);
	return r == 0 && on_disk && ret->top ? add_disk(p, ret, err) : r;
}

int block_check_size(const struct storage_place *p, const struct disk *disk, struct err *err)
{
	if (!disk->length || p->conf->size <= disk->length)
		return 0;
	if (disk->whole && disk->offset + disk->length + END_MOST >= disk->whole)
		return 0;
	return err_set(err, EOPNOTSUPP, "it cannot be made larger: there is more behind its partition on '%s'", p->path);
}

char *block_path(int folder)
{
	autofree char *link = str_fmt("/proc/self/fd/%d", folder), *real = link ? realpath(link, NULL) : NULL;

	return real ? str_fmt("%s/" IMAGE_DELTA "/" IMAGE_BLOCKS, real) : NULL;
}

int block_is_deep(const struct storage_place *p, struct err *err)
{
	int depth = image_is_changed(p->folder, IMAGE_DELTA, err);

	if (depth > 0)
		depth = image_depth(p->store, p->folder, IMAGE_DELTA, err);
	return depth < 0 ? depth : depth >= DEPTH_MOST;
}
