/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fts.h>
#include <linux/btrfs_tree.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "life/consumption.h"
#include "life/glance.h"
#include "storage/storage.h"

#define DISK_BLOCK 512 /* what st_blocks counts, stat(3type) */

/* A file of several names is found as often: each time its part is counted. */
static uint64_t share(const struct stat *st)
{
	const uint64_t bytes = (uint64_t)st->st_blocks * DISK_BLOCK;

	return S_ISDIR(st->st_mode) || st->st_nlink < 2 ? bytes : bytes / st->st_nlink;
}

/* Subvolumes of btrfs have device numbers of their own, and belong to it all the same. */
static bool is_elsewhere(const FTSENT *e)
{
	return e->fts_level > FTS_ROOTLEVEL && e->fts_statp->st_dev != e->fts_parent->fts_statp->st_dev &&
	       e->fts_statp->st_ino != BTRFS_FIRST_FREE_OBJECTID;
}

int life_disk_at(char *path, uint64_t *ret, struct err *err)
{
	char *roots[] = { path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	if (!tree)
		return err_sys(err, errno, "look through its folder");
	*ret = 0;
	while ((e = fts_read(tree))) {
		if (e->fts_info == FTS_D && is_elsewhere(e))
			fts_set(tree, e, FTS_SKIP);
		else if (e->fts_info == FTS_D || e->fts_info == FTS_F || e->fts_info == FTS_SL || e->fts_info == FTS_DEFAULT)
			*ret += share(e->fts_statp);
	}
	fts_close(tree);
	return 0;
}

/* -ENODATA: nobody counts. */
static int counted(const struct store *store, const char *name, uint64_t *ret)
{
	autoclose int folder = store_container(store, name, NULL);
	autocall(strv_done) struct strv path = { 0 };
	struct rootfs_conf conf = { 0 };
	struct storage_place place = { .conf = &conf, .store = store, .name = name, .folder = folder };
	const struct storage_backend *backend;

	if (folder < 0 || glance_at(folder, "config", "rootfs", "path", &path, NULL) < 0 || !path.n)
		return -ENODATA;
	conf.path = path.v[path.n - 1];
	backend = storage_find(&conf, &place.path, NULL);
	return backend && backend->usage ? backend->usage(&place, ret) : -ENODATA;
}

int life_disk(const struct store *store, const char *name, uint64_t *ret, struct err *err)
{
	autofree char *path = str_fmt("%s/%s", store->containers, name);

	if (!path)
		return err_nomem(err);
	return counted(store, name, ret) == 0 ? 0 : life_disk_at(path, ret, err);
}
