/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose root is on a file of the user's. */
#include "life/disk_users.h"

#include "base/cleanup.h"
#include "spec/spec.h"

static int look_at(const struct store *store, const struct stat *file, bool any, const char *name, disk_user_fn *fn,
		   void *data, struct err *err)
{
	autoclose int folder = store_container(store, name, NULL);
	const struct storage_backend *backend = NULL;
	autocall(spec_done) struct spec spec;
	const char *path;
	struct stat st;

	spec_init(&spec);
	if (folder >= 0 && spec_load(&spec, folder, "config", NULL) == 0)
		backend = storage_find(&spec.rootfs, &path, NULL);
	if (!backend || (!any && !backend->on_disk) || stat(path, &st) < 0 || st.st_dev != file->st_dev ||
	    st.st_ino != file->st_ino)
		return 0;
	return fn(store, name, folder, data, err);
}

int disk_users_each(const struct store *store, const struct stat *file, bool any, disk_user_fn *fn, void *data,
		    struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	int r = store_list(store, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = look_at(store, file, any, names.v[i], fn, data, err);
	return r;
}
