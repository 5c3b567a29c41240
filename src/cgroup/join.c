/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes into cgroups. */
#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "cgroup/internal.h"

int cgroup_clone_fd(const struct cgroup *cg)
{
	return cg->n > 0 && cg->h[0].v2 ? cg->h[0].dir : -1;
}

int cgroup_join(const struct cgroup *cg, pid_t pid, bool all, struct err *err)
{
	char text[16];

	snprintf(text, sizeof text, "%d", (int)pid);
	for (size_t i = 0; i < cg->n; i++) {
		const struct cgroup_hierarchy *h = &cg->h[i];
		if (h->dir < 0 || (h->v2 && !all))
			continue;
		if (file_write_at(h->dir, "cgroup.procs", text, err) < 0)
			return err_wrap(err, "join cgroup '%s/%s'", h->mount, cg->path);
	}
	return 0;
}
