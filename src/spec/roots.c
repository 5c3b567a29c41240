/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two systems in one folder would destroy each other's files: whose root file system is it? */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "spec/spec.h"

struct place {
	int dir;
	const char *path;
	const struct store *store; /* of the container that is to have it, */
	const char *but;           /* and its name */
	bool running;              /* those that run alone are in the way */
};

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

/* In one store. */
static int check_names(const struct place *p, const struct store *store, const char *which, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	int r = store_list(store, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const bool self = p->but && str_eq(names.v[i], p->but) && str_eq(store->containers, p->store->containers);
		if (!self && (!p->running || store_lock_peek(store, names.v[i], NULL) >= STORE_STARTING))
			r = check_one(p->dir, p->path, store, names.v[i], which, err);
	}
	return r;
}

static int check_store(const struct store *store, void *data, struct err *err)
{
	const struct place *p = data;
	const bool near = str_eq(store->containers, p->store->containers);
	autofree char *which =
		str_fmt("%s%s%s", near ? "" : " in ", near ? "" : store->containers, p->running ? ", which runs" : "");

	return which ? check_names(p, store, which, err) : err_nomem(err);
}

int spec_check_root(int dir, const char *path, const struct store *store, const char *but, struct err *err)
{
	struct place p = { .dir = dir, .path = path, .store = store, .but = but };

	return store_each(store, check_store, &p, err);
}

/* In the container's folder? */
static bool is_own(int dir, int folder)
{
	struct stat mine, above;

	return folder >= 0 && fstat(folder, &mine) == 0 && fstatat(dir, "..", &above, 0) == 0 &&
	       mine.st_ino == above.st_ino && mine.st_dev == above.st_dev;
}

int spec_check_outside(const struct spec *spec, const struct store *store, const char *name, int folder, struct err *err)
{
	struct place p = { .store = store, .but = name, .running = true };
	autoclose int dir = -1;

	if (!storage_find(&spec->rootfs, &p.path, err))
		return -err->code;
	p.dir = dir = open(p.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || is_own(dir, folder)) /* a file's lock says who has it */
		return 0;
	if (store_check_own(dir, p.path, store, STORE_AS_ROOT, err) < 0)
		return -err->code;
	if (spec->rootfs.readonly || str_eq(store->containers, store->passing)) /* of those spec_check_alone knows */
		return 0;
	return store_each(store, check_store, &p, err);
}

static int check_in(const struct spec *spec, const struct store *store, const char *running, struct err *err)
{
	const char *path;
	autoclose int dir = -1;

	if (!storage_find(&spec->rootfs, &path, err))
		return -err->code;
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct place p = { .dir = dir, .path = path, .store = store, .running = true };
	return dir < 0 ? 0 : check_names(&p, store, running, err); /* who mounts it says what is wrong */
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
