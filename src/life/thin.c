/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container whose files are a folder in its own becomes one that stands on them, so that others can. Its configuration is
 * another from the moment when the folder has become the image's. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "life/config.h"
#include "life/origin.h"
#include "life/snapshot.h"
#include "storage/image.h"
#include "store/restore.h"

static int refuse(const struct origin *o, const char *why, struct err *err)
{
	return err_set(err, EOPNOTSUPP, "-s: '%s' %s: without it all of it is copied", o->place.path, why);
}

static int check(const struct origin *o, const char *own, const struct storage_backend *overlay, struct err *err)
{
	if (o->live)
		return refuse(o, "cannot be stood on while its container runs", err);
	if (!str_eq(o->place.path, own))
		return refuse(o, "is not in its container's own folder", err);
	if (o->spec.rootfs.size)
		return refuse(o, "is bounded by rootfs.size, which what stands on an image cannot be", err);
	return overlay->check(o->place.store, err);
}

static int convert(struct origin *o, const char *rootfs, struct err *err)
{
	autoclose int snapshots = snapshots_lock(o->folder, true, err), beside = -1, image = -1;
	char id[IMAGE_ID_SIZE];
	int r = snapshots < 0 ? snapshots : image_adopt(o->place.store, o->folder, IMAGE_DELTA, o->backend->own, id, err);

	debug_point("thin", "prepared");
	if (r == 0)
		r = beside = restore_begin(o->folder, err);
	if (r >= 0)
		r = origin_save_config(o, beside, rootfs, err);
	if (r == 0)
		r = image = image_open(o->place.store, id, err);
	if (r >= 0)
		r = restore_move(o->folder, o->backend->own, image, IMAGE_TREE, err);
	if (r < 0 && beside >= 0)
		restore_settle_locked(o->folder, NULL);
	return r;
}

int origin_make_thin(struct origin *o, struct err *err)
{
	const struct store *store = o->place.store;
	const struct storage_backend *overlay = storage_named("overlay", err);
	autofree char *own = str_fmt("%s/%s/%s", store->containers, o->place.name, o->backend->own);
	autofree char *rootfs = str_fmt("overlay:%s/%s/" IMAGE_DELTA, store->containers, o->place.name);
	LIFE_CONFIG_INIT(config);
	int r = overlay ? 0 : -err->code;

	if (o->backend->fork || r < 0)
		return r;
	if (!own || !rootfs)
		return err_nomem(err);
	r = check(o, own, overlay, err);
	if (r == 0)
		r = life_config_open(&config, store, o->place.name, err);
	if (r == 0)
		r = convert(o, rootfs, err);
	return r == 0 ? origin_load_again(o, err) : r;
}
