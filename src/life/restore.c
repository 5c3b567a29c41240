/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container becomes what it was. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/file.h"
#include "life/config.h"
#include "life/guard.h"
#include "life/identity.h"
#include "life/origin.h"
#include "life/snapshot.h"
#include "life/stop.h"
#include "storage/image.h"
#include "store/restore.h"

struct restoring {
	struct life_config config; /* of the container, locked */
	struct spec now, want;
	struct storage_place place;
	const struct storage_backend *backend;
	char *leaf; /* of the root, in the container's folder */
	struct origin from;
};

/* Only what is in its folder is ours to put away. */
static int find_root(struct restoring *r, const struct store *store, const char *name, struct err *err)
{
	autofree char *folder = str_fmt("%s/%s/", store->containers, name), *config = str_fmt("%sconfig", folder);
	int e = folder && config ? conf_load_text(&spec_schema, &r->now, config, r->config.text, strlen(r->config.text), err)
				 : err_nomem(err);

	if (e == 0)
		e = spec_place(&r->now, store, name, r->config.folder, &r->place, &r->backend, err);
	if (e < 0)
		return e;
	if (r->backend->on_disk) /* what it has changed is */
		r->leaf = strdup(r->backend->own);
	else if (str_starts(r->place.path, folder))
		r->leaf = strdup(r->place.path + strlen(folder));
	if (!r->leaf || !*r->leaf || strchr(r->leaf, '/'))
		return err_set(err, EOPNOTSUPP,
			       "its root file system '%s' is not in its own folder, and stays as it is: have it as a new "
			       "container, with -N NAME",
			       r->place.path);
	return 0;
}

static bool has_nic(const struct net_conf *net, unsigned index)
{
	for (size_t i = 0; i < net->n; i++)
		if (net->v[i].index == index)
			return true;
	return false;
}

/* What stays the container's own. */
static int own_keys(const struct restoring *r, struct strv *ret, struct err *err)
{
	int e = strv_add(ret, "container.uuid") | strv_add(ret, "container.idmap") | strv_add(ret, "uts.name") |
		strv_add(ret, "rootfs.path");

	for (size_t i = 0; i < r->want.net.n; i++)
		if (has_nic(&r->now.net, r->want.net.v[i].index))
			e |= strv_addf(ret, "net.%u.hwaddr", r->want.net.v[i].index);
	return e < 0 ? err_nomem(err) : 0;
}

static int keep_own(struct restoring *r, const struct strv *keys, struct err *err)
{
	int e = 0;

	for (size_t i = 0; i < keys->n && e == 0; i++) {
		struct conf_key key;
		e = conf_find(&spec_schema, keys->v[i], &key, err);
		if (e == 0)
			e = conf_copy(&r->now, &r->want, &key, err);
	}
	return e;
}

/* The snapshot's configuration as this container's: what it names is reserved. */
static int configure(struct restoring *r, int beside, struct err *err)
{
	const struct store *store = r->place.store;
	autofree char *path = str_fmt("%s/%s/config", store->containers, r->place.name);
	autocall(strv_done) struct strv keys = { 0 };
	autocall(str_done) struct str text = { 0 };
	autocall(spec_done) struct spec checked;
	int e = path ? spec_load(&r->want, r->from.folder, "config", err) : err_nomem(err);

	spec_init(&checked);
	if (e == 0)
		e = own_keys(r, &keys, err);
	if (e == 0)
		e = keep_own(r, &keys, err);
	if (e == 0)
		e = life_config_carry(r->from.text, path, &r->from.spec, &r->want, &keys, &text, err);
	if (e == 0)
		e = life_config_check(store, r->place.name, &text, &checked, err);
	return e < 0 ? e : file_replace_at(beside, "config", str_text(&text), text.len, 0600, err);
}

/* Its host name is its own, and not what it was called then. */
static int rename_host(const struct restoring *r, int beside, struct err *err)
{
	const char *was = r->from.spec.uts.name, *now = r->now.uts.name;
	autofree char *path = r->backend->on_disk ? strdup(r->place.path) : str_fmt("/proc/self/fd/%d/%s", beside, r->leaf);
	struct rootfs_conf conf = r->now.rootfs;
	struct storage_place at = storage_place_in(&r->place, beside);
	struct storage_mount root;
	int e;

	if (!was || !now || str_eq(was, now))
		return 0;
	if (!path)
		return err_nomem(err);
	conf.size = 0; /* a start sees to that */
	at.conf = &conf;
	at.path = path;
	e = identity_open(r->backend, &at, &root, err);
	if (e < 0)
		return e;
	e = identity_rename(root.tree, was, now, err);
	if (e == 0)
		e = storage_sync(&root, beside, err);
	close(root.tree);
	return e;
}

/* All of it beside what there is; then one exchange. */
static int restore(struct restoring *r, struct err *err)
{
	autoclose int beside = restore_begin(r->config.folder, err);
	const struct storage_place to = storage_place_in(&r->place, beside);
	autofree char *rootfs = NULL;
	struct guard guard;
	int e = beside < 0 ? beside : 0;

	guard_begin(&guard);
	debug_point("restore", "begun");
	if (e == 0)
		e = origin_keep(&r->from, &to, r->backend, &rootfs, err);
	debug_point("restore", "copied");
	if (e == 0)
		e = configure(r, beside, err);
	debug_point("restore", "configured");
	if (e == 0)
		e = rename_host(r, beside, err);
	if (e == 0)
		e = guard_check(&guard, err);
	if (e == 0)
		e = restore_take(r->config.folder, r->leaf, err);
	if (e < 0)
		restore_settle_locked(r->config.folder, NULL);
	guard_end(&guard);
	image_drop_unused(r->place.store);
	return e;
}

static int open_all(struct restoring *r, const struct store *store, const char *name, const char *snapshot, struct err *err)
{
	int e = origin_open(&r->from, store, name, snapshot, false, err);

	if (e == 0)
		e = life_config_open(&r->config, store, name, err);
	if (e == 0)
		e = find_root(r, store, name, err);
	return e;
}

int life_restore(const struct store *store, const char *name, const char *snapshot, struct err *err)
{
	struct restoring r = { .config.folder = -1 };
	autoclose int lock = life_take_stopped(store, name, err);
	int e;

	if (lock < 0)
		return lock;
	spec_init(&r.now);
	spec_init(&r.want);
	e = open_all(&r, store, name, snapshot, err);
	if (e == 0)
		e = restore(&r, err);
	life_config_done(&r.config);
	origin_done(&r.from);
	spec_done(&r.now);
	spec_done(&r.want);
	free(r.leaf);
	return e;
}
