/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/storage.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "storage/internal.h"
#include "store/last.h"

static const struct storage_backend *const backends[] = { &storage_dir,  &storage_overlay, &storage_btrfs, &storage_loop,
							  &storage_disk, &storage_qcow2,   &storage_block };

struct storage_place storage_place_in(const struct storage_place *p, int folder)
{
	struct storage_place in = *p;

	in.path = NULL;
	in.folder = folder;
	return in;
}

int storage_sync(const struct storage_mount *mount, int folder, struct err *err)
{
	if (!mount->own || file_sync_system(mount->tree, err) >= 0)
		return 0;
	return file_is_full(folder) ? err_set(err, ENOSPC, "what was written could not be kept: the host's disk is full")
				    : err_wrap(err, "what was written could not be kept, as when the host's disk is full");
}

const struct storage_backend *storage_named(const char *name, struct err *err)
{
	autocall(str_done) struct str known = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		if (str_eq(backends[i]->name, name))
			return backends[i];
		if (!backends[i]->on_disk) /* nobody chooses that */
			str_addf(&known, ", %s", backends[i]->name);
	}
	err_set(err, EINVAL, "'%s' is no backend: known are auto%s", name, str_text(&known));
	return NULL;
}

const struct storage_backend *storage_find(const struct rootfs_conf *conf, const char **ret_path, struct err *err)
{
	const char *colon = conf->path ? strchr(conf->path, ':') : NULL;
	autocall(str_done) struct str known = { 0 };

	for (size_t i = 0; colon && i < ARRAY_SIZE(backends); i++) {
		size_t n = strlen(backends[i]->name);
		if (n == (size_t)(colon - conf->path) && strncmp(conf->path, backends[i]->name, n) == 0) {
			if (colon[1] != '/') {
				err_set(err, EINVAL, "rootfs.path '%s': the path behind the colon must be absolute",
					conf->path);
				return NULL;
			}
			*ret_path = colon + 1;
			return backends[i];
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++)
		str_addf(&known, "%s%s:/PATH", i ? ", " : "", backends[i]->name);
	err_set(err, EINVAL, "rootfs.path '%s': known are %s", conf->path ? conf->path : "", str_text(&known));
	return NULL;
}

int storage_copy(const struct storage_backend *backend, const struct storage_place *from, const struct storage_place *to,
		 bool thin, char **ret_path, struct err *err)
{
	if (thin && !backend->fork)
		return err_set(err, EOPNOTSUPP, "-s: backend %s has no thin copies: without it all of it is copied",
			       backend->name);
	if (!thin && !backend->copy)
		return err_set(err, EOPNOTSUPP, "what backend %s keeps cannot be copied yet", backend->name);
	return (thin ? backend->fork : backend->copy)(from, to, ret_path, err);
}

int storage_resize(const struct storage_backend *backend, const struct storage_place *p, bool running, uint64_t size,
		   struct err *err)
{
	if (backend->resize)
		return backend->resize(p, running, size, err);
	return size ? err_set(err, EOPNOTSUPP, "rootfs.size: backend %s has none", backend->name) : 0;
}

bool storage_had_loss(const struct storage_place *p)
{
	struct last last;

	return p->folder >= 0 && last_read(p->folder, &last, NULL) == 0 && last.lost[0];
}

int storage_check_fits(uint64_t used, uint64_t size, struct err *err)
{
	if (used <= size)
		return 0;
	return err_set(err, ENOSPC, "it takes %" PRIu64 " MiB already", (used >> 20) + 1);
}
