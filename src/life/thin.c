/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container whose files are a folder in its own, or a file, becomes one that stands on them, so that others can. Its
 * configuration is another from the moment when that has become the image's. */
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

static int check(const struct origin *o, const char *own, const struct storage_backend *as, struct err *err)
{
	if (o->live)
		return refuse(o, "cannot be stood on while its container runs", err);
	if (!str_eq(o->place.path, own))
		return refuse(o, "is not in its container's own folder", err);
	if (o->spec.rootfs.size && as->on_base)
		return refuse(o, "is bounded by rootfs.size, which what stands on an image cannot be", err);
	return as->check(o->place.store, err) < 0 ? err_wrap(err, "-s") : 0;
}

static int convert(struct origin *o, const struct storage_backend *as, const char *rootfs, struct err *err)
{
	autoclose int snapshots = snapshots_lock(o->folder, true, err), beside = -1, image = -1;
	const char *root = as->on_base ? o->backend->own : NULL;
	char id[IMAGE_ID_SIZE];
	int r = snapshots < 0 ? snapshots : image_adopt(o->place.store, o->folder, IMAGE_DELTA, root, id, err);

	debug_point("thin", "prepared");
	if (r == 0)
		r = beside = restore_begin(o->folder, err);
	if (r >= 0)
		r = origin_save_config(o, beside, rootfs, err);
	if (r == 0)
		r = image = image_open(o->place.store, id, err);
	if (r >= 0)
		r = restore_move(o->folder, o->backend->own, image, o->backend->thin.part, err);
	if (r < 0 && beside >= 0)
		restore_settle_locked(o->folder, NULL);
	return r;
}

static int become(struct origin *o, const struct storage_backend *as, struct err *err)
{
	const struct store *store = o->place.store;
	autofree char *own = str_fmt("%s/%s/%s", store->containers, o->place.name, o->backend->own);
	autofree char *rootfs = str_fmt("%s:%s/%s/%s", as->name, store->containers, o->place.name, as->own);
	LIFE_CONFIG_INIT(config);
	int r;

	if (!own || !rootfs)
		return err_nomem(err);
	r = check(o, own, as, err);
	if (r == 0)
		r = life_config_open(&config, store, o->place.name, err);
	if (r == 0)
		r = convert(o, as, rootfs, err);
	return r == 0 ? origin_load_again(o, err) : r;
}

int origin_make_thin(struct origin *o, struct err *err)
{
	const struct storage_backend *was = o->backend, *as = was->thin.as ? storage_named(was->thin.as, err) : NULL;
	int r;

	if (!as)
		return was->thin.as ? -err->code : 0;
	if (o->live && was->fork_live)
		return 0;
	r = was->thin.ready ? was->thin.ready(&o->place, err) : 1;
	return r > 0 ? become(o, as, err) : r;
}
