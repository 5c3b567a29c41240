/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/origin.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "life/snapshot.h"
#include "life/stop.h"

static int find_folder(struct origin *o, const struct store *store, const char *name, const char *snapshot, struct err *err)
{
	autoclose int container = store_container(store, name, err);

	if (container < 0)
		return container;
	if (!snapshot) {
		o->lock = life_take_stopped(store, name, err);
		o->folder = o->lock < 0 ? o->lock : store_container(store, name, err); /* it may have gone meanwhile */
		return o->folder < 0 ? o->folder : 0;
	}
	o->lock = snapshots_lock(container, false, err);
	o->folder = o->lock < 0 ? o->lock : snapshot_open(o->lock, snapshot, err);
	return o->folder < 0 ? o->folder : 0;
}

/* A snapshot's configuration says where its container's root was. */
static int find_root(struct origin *o, const struct store *store, const char *name, const char *snapshot, struct err *err)
{
	int r = spec_place(&o->spec, store, name, o->folder, &o->place, &o->backend, err);

	if (r < 0 || !snapshot)
		return r;
	o->path = str_fmt("%s/%s/" STORE_SNAP "/%s/%s", store->containers, name, snapshot, strrchr(o->place.path, '/') + 1);
	o->place.path = o->path;
	return o->path ? 0 : err_nomem(err);
}

int origin_open(struct origin *o, const struct store *store, const char *name, const char *snapshot, struct err *err)
{
	int r;

	*o = (struct origin){ .lock = -1, .folder = -1 };
	spec_init(&o->spec);
	r = find_folder(o, store, name, snapshot, err);
	if (r == 0)
		r = file_read_at(o->folder, "config", CONF_FILE_MAX, &o->text, NULL, err);
	if (r == 0)
		r = spec_load(&o->spec, o->folder, "config", err);
	return r < 0 ? r : find_root(o, store, name, snapshot, err);
}

void origin_done(struct origin *o)
{
	spec_done(&o->spec);
	free(o->text);
	free(o->path);
	if (o->folder >= 0)
		close(o->folder);
	if (o->lock >= 0)
		close(o->lock);
}
