/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An id map that the user has chosen, and the registry of what others have. */
#include "store/ids.h"
#include "spec/spec.h"

static size_t ranges_of(const struct idmap *map, struct ids_range ranges[static IDMAP_RANGES])
{
	size_t n = map->mode == IDMAP_MAP ? map->n : 0;

	for (size_t i = 0; i < n; i++)
		ranges[i] = (struct ids_range){ map->v[i].host, map->v[i].count };
	return n;
}

int spec_claim_ids(const struct spec *spec, const struct store *store, const char *name, struct err *err)
{
	struct ids_range ranges[IDMAP_RANGES];
	size_t n = ranges_of(&spec->container.idmap, ranges);

	if (n == 0)
		return 0;
	if (!spec->container.uuid) /* nobody to give them to */
		return ids_check(store, "", ranges, n, err);
	return ids_claim(store, spec->container.uuid, name, ranges, n, err);
}
