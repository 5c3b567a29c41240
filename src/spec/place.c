/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/spec.h"

int spec_place(const struct spec *spec, const struct store *store, const char *name, int folder, struct storage_place *ret,
	       const struct storage_backend **ret_backend, struct err *err)
{
	*ret = (struct storage_place){
		.conf = &spec->rootfs, .store = store, .name = name, .uuid = spec->container.uuid, .folder = folder
	};
	*ret_backend = storage_find(&spec->rootfs, &ret->path, err);
	return *ret_backend ? 0 : -err->code;
}

struct storage_ids spec_ids(const struct idmap *map, int userns)
{
	struct storage_ids ids = { .userns = userns, .uid = idmap_root(map, false), .gid = idmap_root(map, true) };

	_Static_assert(STORAGE_RANGES == IDMAP_RANGES, "a map fits");
	for (size_t i = 0; map->mode == IDMAP_MAP && i < map->n; i++)
		ids.map.v[ids.map.n++] = (struct storage_range){
			.gid = map->v[i].gid, .inside = map->v[i].guest, .outside = map->v[i].host, .count = map->v[i].count
		};
	return ids;
}
