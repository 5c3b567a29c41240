/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manager's own store, and those that -P has named. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "store/internal.h"

typedef int each_fn(const struct store *store, void *data, struct err *err);

static int visit(const char *folder, const struct store *but, each_fn *fn, void *data, struct err *err)
{
	autocall(store_done) struct store other;
	int r = store_open(&other, folder, err);

	if (r == 0 && !str_eq(other.containers, but->containers) && access(other.containers, F_OK) == 0)
		r = fn(&other, data, err);
	return r;
}

int store_each(const struct store *store, each_fn *fn, void *data, struct err *err)
{
	autoclosedir DIR *dir = opendir(store->manager_log);
	const struct dirent *e;
	int r = fn(store, data, err);

	if (r == 0)
		r = visit(NULL, store, fn, data, err);
	while (r == 0 && dir && (e = readdir(dir))) {
		autofree char *link = str_fmt("%s/%s/" STORE_LINK, store->manager_log, e->d_name);
		char folder[PATH_LINK_LONGEST + 1];
		ssize_t n = link ? readlink(link, folder, sizeof folder - 1) : -1;
		if (!link)
			return err_nomem(err);
		if (n <= 0 || e->d_name[0] == '.')
			continue;
		folder[n] = '\0';
		r = visit(folder, store, fn, data, err);
	}
	return r;
}
