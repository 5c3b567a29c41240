/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "life/disk_users.h"
#include "life/snapshot.h"
#include "life/stop.h"
#include "spec/spec.h"

struct taking {
	life_took_fn *told;
	void *data;
	size_t n; /* that stand on it */
	bool failed;
};

/* folder: the container's, or its snapshot's. 1: it stands on something else from now on. */
static int take_one(const struct store *store, const char *name, int folder, struct err *err)
{
	const struct storage_backend *backend;
	autocall(spec_done) struct spec spec;
	struct storage_place place;
	int r;

	spec_init(&spec);
	r = spec_load(&spec, folder, "config", err);
	if (r == 0)
		r = spec_place(&spec, store, name, folder, &place, &backend, err);
	return r < 0 || !backend->take ? r : backend->take(&place, err);
}

/* Those of a container stand on what it does. */
static int take_snapshots(const struct store *store, const char *name, int folder, struct err *err)
{
	autocall(snapshots_done) struct snapshots list = { 0 };
	autoclose int lock = snapshots_lock(folder, false, err);
	int r = lock < 0 ? lock : life_snapshots(store, name, &list, err), changed = 0;

	if (lock == -ENOENT) { /* it has none */
		err_clear(err);
		return 0;
	}

	for (size_t i = 0; i < list.n && r >= 0; i++) {
		autoclose int one = snapshot_open(lock, list.v[i].name, err);
		r = one < 0 ? one : take_one(store, name, one, err);
		if (r < 0)
			return err_wrap(err, "snapshot '%s'", list.v[i].name);
		changed |= r;
	}
	return r < 0 ? r : changed;
}

static int take(const struct store *store, const char *name, int folder, struct err *err)
{
	autoclose int lock = life_take_stopped(store, name, err);
	int changed, r = lock < 0 ? lock : take_snapshots(store, name, folder, err);

	if (r < 0)
		return r;
	changed = r;
	r = take_one(store, name, folder, err); /* last: it is what a start refuses */
	return r < 0 ? r : r || changed;
}

static int take_user(const struct store *store, const char *name, int folder, void *data, struct err *err)
{
	struct taking *t = data;
	struct err why = { 0 };
	int r = take(store, name, folder, &why);

	(void)err;
	t->n++;
	t->failed |= r < 0;
	t->told(name, r, &why, t->data);
	return 0;
}

int life_take_disk(const struct store *store, const char *path, life_took_fn *told, void *data, struct err *err)
{
	autofree char *real = realpath(path, NULL);
	struct taking t = { .told = told, .data = data };
	struct stat file;
	int r;

	if (!real || stat(real, &file) < 0)
		return err_sys(err, errno, "find '%s'", path);
	r = disk_users_each(store, &file, false, take_user, &t, err);
	if (r == 0 && t.n == 0)
		r = err_set(err, ENOENT, "no container stands on '%s'", real);
	return r < 0 ? r : t.failed;
}
