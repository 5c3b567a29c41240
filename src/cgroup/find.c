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
