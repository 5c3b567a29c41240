/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "life/disk_users.h"
#include "storage/disk.h"
#include "storage/image.h"

/* --- folders -------------------------------------------------------------------------------------------------------------
 */

int root_check_folder(int dir, const char *path, const struct store *store, struct err *err)
{
	enum path_relation is;

	if (path_relate(dir, "/", &is, err) < 0)
		return -err->code;
	if (is == PATH_SAME)
		return err_set(err, EINVAL, "'%s' is this machine's own root folder", path);
	return store_check_own(dir, path, store, STORE_AS_ROOT, err);
}

/* --- files ---------------------------------------------------------------------------------------------------------------
 */

struct search {
	const char *path;
	enum root_use use;
	const struct store *store;
	const char *but;
	struct stat file;
};

/* What others stand on stays as it is, also while they are stopped; and what one writes to, nobody can stand on. */
static int check_one(const struct store *store, const char *name, int folder, void *data, struct err *err)
{
	const struct search *s = data;
	autocall(disk_done) struct disk disk = { 0 };
	const bool elsewhere = !str_eq(store->containers, s->store->containers);
	const bool stands = disk_load(folder, &disk, NULL) == 0;

	if ((s->but && !elsewhere && str_eq(name, s->but)) ||
	    (stands && s->use != ROOT_ALONE && disk.in_place == (s->use == ROOT_IN_PLACE)))
		return 0;
	return err_set(err, EBUSY,
		       !stands         ? "'%s' is the root file system of '%s'%s%s: copy the file"
		       : disk.in_place ? "'%s' is written in place by '%s'%s%s: copy the file"
				       : "'%s' is what '%s'%s%s stands on, as it is: copy the file",
		       s->path, name, elsewhere ? " in " : "", elsewhere ? store->containers : "");
}

/* What the store's images are made of, containers stand on without a word of it in their configuration. */
static int check_images(const struct search *s, const struct store *store, struct err *err)
{
	autofree char *images = image_path(store, ""), *real = images ? realpath(images, NULL) : NULL;
	autofree char *file = realpath(s->path, NULL);
	const size_t n = real ? strlen(real) : 0;

	if (s->use == ROOT_READ || !file || !n || !str_starts(file, real) || file[n] != '/')
		return 0;
	return err_set(err, EBUSY, "'%s' is an image's, which containers stand on, as it is: copy the file", s->path);
}

static int check_store(const struct store *store, void *data, struct err *err)
{
	struct search *s = data;

	if (check_images(s, store, err) < 0)
		return -err->code;
	return disk_users_each(store, &s->file, true, check_one, s, err);
}

int root_check_file(const char *path, enum root_use use, const struct store *store, const char *but, struct err *err)
{
	struct search s = { .path = path, .use = use, .store = store, .but = but };

	if (stat(path, &s.file) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	return store_each(store, check_store, &s, err);
}

/* --- of a container ------------------------------------------------------------------------------------------------------
 */

static int check_folder(const struct spec *spec, int dir, const char *path, const struct store *store, const char *name,
			struct err *err)
{
	const bool harmless = spec->rootfs.readonly && spec->container.idmap.mode == IDMAP_MAP;
	int r = root_check_folder(dir, path, store, err);

	if (r == 0)
		r = spec_check_root(dir, path, store, name, err);
	if (r < 0 || spec->rootfs.exposed || harmless)
		return r;
	return storage_check_exposed(dir, path, "rootfs.exposed = yes", err);
}

static int check_file(const struct storage_backend *backend, int file, const char *path, const struct store *store,
		      const char *name, struct err *err)
{
	autoclose int folder = store_container(store, name, err);
	autocall(disk_done) struct disk disk = { 0 };

	if (folder < 0)
		return folder;
	if (backend->on_disk && disk_load(folder, &disk, NULL) == 0)
		return root_check_file(path, disk.in_place ? ROOT_IN_PLACE : ROOT_READ, store, name, err);
	if (store_check_own(file, path, store, STORE_AS_ROOT, err) < 0)
		return -err->code;
	return root_check_file(path, ROOT_ALONE, store, name, err);
}

static int check(const struct spec *spec, const struct store *store, const char *name, struct err *err)
{
	const char *path;
	const struct storage_backend *backend = storage_find(&spec->rootfs, &path, err);
	autofree char *own = backend ? str_fmt("%s/%s/%s", store->containers, name, backend->own) : NULL;
	autoclose int fd = -1;
	struct stat st;

	if (!own)
		return backend ? err_nomem(err) : -err->code;
	fd = str_eq(path, own) ? -1 : open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	return S_ISDIR(st.st_mode) ? check_folder(spec, fd, path, store, name, err)
				   : check_file(backend, fd, path, store, name, err);
}

int life_check_root(const struct spec *spec, const struct store *store, const char *name, struct err *err)
{
	return check(spec, store, name, err) < 0 ? err_wrap(err, "rootfs.path") : 0;
}
