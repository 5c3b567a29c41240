/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a container's cgroup is. */
#include "cgroup/internal.h"

int cgroup_find(struct cgroup *cg, const struct store *store, const char *container, struct err *err)
{
	char path[CGROUP_LONGEST];
	int r = cgroup_pure_v2(cg) ? store_cgroup_find(store, container, path, sizeof path, err) : 0;

	if (r < 0)
		return r;
	return r ? cgroup_name_given(cg, path, err) : cgroup_name(cg, store->cgroup, container, err);
}

char *cgroup_events_path(const struct cgroup *host, const struct store *store, const char *container)
{
	const struct cgroup_hierarchy *v2 = cgroup_v2(host);
	struct cgroup cg = *host;

	return v2 && cgroup_find(&cg, store, container, NULL) == 0 ? str_fmt("%s/%s/cgroup.events", v2->mount, cg.path)
								   : NULL;
}
