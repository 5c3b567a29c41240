/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/origin.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "life/config.h"
#include "life/live.h"
#include "life/snapshot.h"
#include "life/state.h"
#include "life/stop.h"

static int take(struct origin *o, const struct store *store, const char *name, bool live, struct err *err)
{
	enum wire_state state;
	int r = live ? life_state(store, name, &state, err) : 0;

	o->live = r == 0 && live && (state == WIRE_RUNNING || state == WIRE_FROZEN);
	if (r == 0 && !o->live)
		r = o->lock = life_take_stopped(store, name, err);
	o->folder = r < 0 ? r : store_container(store, name, err); /* it may have gone meanwhile */
	return o->folder < 0 ? o->folder : 0;
}

static int find_folder(struct origin *o, const struct store *store, const char *name, const char *snapshot, bool live,
		       struct err *err)
{
	autoclose int container = store_container(store, name, err);

	if (container < 0)
		return container;
	if (!snapshot)
		return take(o, store, name, live, err);
	o->lock = snapshots_lock(container, false, err);
	o->folder = o->lock < 0 ? o->lock : snapshot_open(o->lock, snapshot, err);
	return o->folder < 0 ? o->folder : 0;
}

/* A snapshot's configuration says where its container's root was. */
static int find_root(struct origin *o, const struct store *store, const char *name, const char *snapshot, struct err *err)
{
	int r = spec_place(&o->spec, store, name, o->folder, &o->place, &o->backend, err);

	if (r < 0 || !snapshot || o->backend->on_disk) /* which stays where it is */
		return r;
	o->path = str_fmt("%s/%s/" STORE_SNAP "/%s/%s", store->containers, name, snapshot, strrchr(o->place.path, '/') + 1);
	o->place.path = o->path;
	return o->path ? 0 : err_nomem(err);
}

static int load(struct origin *o, const struct store *store, const char *name, const char *snapshot, struct err *err)
{
	int r = file_read_at(o->folder, "config", CONF_FILE_MAX, &o->text, NULL, err);

	if (r == 0)
		r = spec_load(&o->spec, o->folder, "config", err);
	return r < 0 ? r : find_root(o, store, name, snapshot, err);
}

int origin_open(struct origin *o, const struct store *store, const char *name, const char *snapshot, bool live,
		struct err *err)
{
	int r;

	*o = (struct origin){ .lock = -1, .folder = -1 };
	spec_init(&o->spec);
	r = find_folder(o, store, name, snapshot, live, err);
	return r < 0 ? r : load(o, store, name, snapshot, err);
}

int origin_load_again(struct origin *o, struct err *err)
{
	spec_done(&o->spec);
	spec_init(&o->spec);
	free(steal_ptr(&o->text));
	return load(o, o->place.store, o->place.name, NULL, err);
}

int origin_save_config(const struct origin *of, int folder, const char *rootfs, struct err *err)
{
	autofree char *set = str_fmt("rootfs.path=%s", rootfs),
		      *path = str_fmt("%s/%s/config", of->place.store->containers, of->place.name);
	autocall(strv_done) struct strv keys = { 0 };
	autocall(str_done) struct str text = { 0 };
	autocall(spec_done) struct spec want;
	int r;

	spec_init(&want);
	if (!set || !path || strv_add(&keys, "rootfs.path") < 0)
		return err_nomem(err);
	r = spec_load(&want, of->folder, "config", err);
	if (r == 0)
		r = spec_set(&want, set, err);
	if (r == 0)
		r = life_config_carry(of->text, path, &of->spec, &want, &keys, &text, err);
	return r < 0 ? r : file_replace_at(folder, "config", str_text(&text), text.len, 0600, err);
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

bool origin_is_thin(const struct origin *o)
{
	return o->backend->fork && !o->backend->shares && (!o->live || o->backend->fork_live);
}

/* still: it runs, and stands still. */
static int copy(const struct origin *o, bool still, const struct storage_place *to, const struct storage_backend *as,
		bool thin, char **ret_path, struct err *err)
{
	struct storage_place from = o->place;

	from.live = still;
	return as == o->backend ? storage_copy(o->backend, &from, to, thin, ret_path, err)
				: storage_across(o->backend, &from, as, to, ret_path, err);
}

int origin_copy(const struct origin *o, const struct storage_place *to, const struct storage_backend *as, bool thin,
		char **ret_path, struct err *err)
{
	struct live live;
	struct err second = { 0 };
	int r, ended;

	if (!o->live)
		return copy(o, false, to, as, thin, ret_path, err);
	if (thin && o->backend->fork && !o->backend->fork_live)
		return err_set(err, EOPNOTSUPP,
			       "-s: nothing can stand on what a running container writes to: without it that is copied");
	if (as != o->backend && (o->backend->on_base || o->backend->on_disk || o->backend->apart))
		return err_set(err, EOPNOTSUPP,
			       "-B: what a running container has over or in an image cannot be read as a whole: stop it");
	r = live_begin(&live, o->place.store, o->place.name, err);
	if (r < 0)
		return r;
	r = copy(o, true, to, as, thin, ret_path, err);
	ended = live_end(&live, r < 0 ? &second : err);
	return r < 0 ? r : ended;
}

int origin_keep(const struct origin *o, const struct storage_place *to, const struct storage_backend *as, char **ret_path,
		struct err *err)
{
	const bool thin = as == o->backend && origin_is_thin(o);
	int r = origin_copy(o, to, as, thin, ret_path, err);

	return r < 0 || thin ? r : file_sync_system(to->folder, err);
}
