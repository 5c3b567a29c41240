/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's folder that has lost its config: no container, but in the way of one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/store.h"

int store_folder(const struct store *store, const char *name, struct err *err)
{
	autofree char *path = NULL;
	int fd, r = store_check_name(name, err);

	if (r < 0)
		return r;
	path = str_fmt("%s/%s", store->containers, name);
	if (!path)
		return err_nomem(err);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return err_set(err, ENOENT, "no such container");
	return fd < 0 ? err_sys(err, errno, "open '%s'", path) : fd;
}

static bool has(int folder, const char *name)
{
	return faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Everything in the manager's own folder is ours; a folder that -P named may hold anything else. */
bool store_is_husk(const struct store *store, const char *name)
{
	autoclose int folder = store_folder(store, name, NULL);

	return folder >= 0 && !has(folder, "config") && errno == ENOENT &&
	       (str_eq(store->containers, store->manager) || has(folder, "rootfs"));
}

int store_husks(const struct store *store, struct strv *ret, struct err *err)
{
	autoclosedir DIR *dir = opendir(store->containers);
	struct dirent *e;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, errno, "list '%s'", store->containers);
	while ((e = readdir(dir)))
		if (store_is_husk(store, e->d_name) && strv_add(ret, e->d_name) < 0)
			return err_nomem(err);
	return 0;
}
