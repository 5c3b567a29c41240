/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's cgroup that is not at the plain place: the link run/NAME/cgroup says where. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "store/store.h"

#define RECORD "cgroup"

int store_cgroup_find(const struct store *store, const char *name, char *ret, size_t size, struct err *err)
{
	autofree char *link = str_fmt("%s/%s/" RECORD, store->run, name);
	ssize_t n;

	if (!link)
		return err_nomem(err);
	n = readlink(link, ret, size);
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, errno, "read link '%s'", link);
	if ((size_t)n == size)
		return err_set(err, ENAMETOOLONG, "'%s' is too long", link);
	ret[n] = '\0';
	return 1;
}

int store_cgroup_keep(int rundir, const char *path, struct err *err)
{
	int r = store_cgroup_forget(rundir, err);

	if (r == 0 && symlinkat(path, rundir, RECORD) < 0)
		return err_sys(err, errno, "keep where its cgroup is");
	return r;
}

int store_cgroup_forget(int rundir, struct err *err)
{
	return unlinkat(rundir, RECORD, 0) < 0 && errno != ENOENT ? err_sys(err, errno, "forget where its cgroup is") : 0;
}
