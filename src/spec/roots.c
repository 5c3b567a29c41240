/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two systems in one folder would destroy each other's files: whose root file system is it? */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "spec/spec.h"

/* What its run began with, else what it is configured to be. */
static int load(struct spec *spec, const struct store *store, const char *name)
{
	autoclose int run = store_runtime(store, name, false, NULL), folder = -1;

	if (run >= 0 && spec_load(spec, run, "spec", NULL) == 0)
		return 0;
	folder = store_container(store, name, NULL);
	return folder < 0 ? folder : spec_load(spec, folder, "config", NULL);
}

/* One whose configuration cannot be read has none that counts. */
static int check_one(int dir, const char *path, const struct store *store, const char *name, const char *which,
		     struct err *err)
{
	static const char *const words[] = { [PATH_SAME] = "is", [PATH_INSIDE] = "lies in", [PATH_AROUND] = "holds" };
	autocall(spec_done) struct spec spec;
	enum path_relation is;
	const char *theirs;

	spec_init(&spec);
	if (load(&spec, store, name) < 0 || !storage_find(&spec.rootfs, &theirs, NULL))
		return 0;
	if (path_relate(dir, theirs, &is, err) < 0)
		return -err->code;
	return is == PATH_APART
		       ? 0
		       : err_set(err, EBUSY, "'%s' %s the root file system of '%s'%s", path, words[is], name, which);
}

int spec_check_root(int dir, const char *path, const struct store *store, const char *running, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	int r = store_list(store, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (!running || store_lock_peek(store, names.v[i], NULL) >= STORE_STARTING)
			r = check_one(dir, path, store, names.v[i], running ? running : "", err);
	return r;
}

static int check_in(const struct spec *spec, const struct store *store, const char *running, struct err *err)
{
	const char *path;
	autoclose int dir = -1;

	if (!storage_find(&spec->rootfs, &path, err))
		return -err->code;
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? 0 : spec_check_root(dir, path, store, running, err); /* who mounts it says what is wrong */
}

int spec_check_alone(const struct spec *spec, const struct store *store, struct err *err)
{
	autocall(store_done) struct store passing = { 0 }, stored = { 0 };
	int r;

	if (access(store->passing, F_OK) < 0)
		return 0;
	r = store_open(&passing, store->passing, err);
	if (r == 0 && !str_eq(store->containers, passing.containers))
		return check_in(spec, &passing, ", which mgr-execute runs in it", err);
	if (r == 0)
		r = store_open(&stored, NULL, err);
	return r < 0 ? r : check_in(spec, &stored, ", which runs", err);
}
