/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "spec/spec.h"

int spec_check_owner(const struct spec *spec, struct err *err)
{
	const struct idmap *map = &spec->container.idmap;
	autofree char *record = NULL;
	const char *path;
	struct stat st;

	if (!storage_find(&spec->rootfs, &path, err))
		return -err->code;
	if (map->mode != IDMAP_MAP || lstat(path, &st) < 0 || !S_ISDIR(st.st_mode)) /* who opens it will say so */
		return 0;
	record = str_fmt("%s/../" STORAGE_SHIFT, path);
	if (!record || access(record, F_OK) == 0) /* they have been changed, and will be again */
		return record ? 0 : err_nomem(err);
	if (st.st_uid == idmap_root(map, false) && st.st_gid == idmap_root(map, true)) /* its own: no map is needed */
		return 0;
	for (int gid = 0; gid < 2; gid++) {
		const unsigned id = gid ? st.st_gid : st.st_uid;
		if (idmap_to_host(map, gid, id) == UINT32_MAX)
			return err_set(err, EOVERFLOW,
				       "'%s' belongs to %s %u, who is nobody inside: ids on disk look shifted, as LXC keeps "
				       "them, and are not this container's (mgr(7), 'A container of LXC')",
				       path, gid ? "group" : "user", id);
	}
	return 0;
}
