/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ns/ns.h"

uint32_t idmap_to_host(const struct idmap *map, bool gid, uint32_t guest)
{
	if (map->mode == IDMAP_NONE)
		return guest;
	for (size_t i = 0; i < map->n; i++) {
		const struct idmap_range *r = &map->v[i];
		if (r->gid == gid && guest >= r->guest && guest - r->guest < r->count)
			return r->host + (guest - r->guest);
	}
	return UINT32_MAX;
}

uint32_t idmap_root(const struct idmap *map, bool gid)
{
	return idmap_to_host(map, gid, 0);
}
