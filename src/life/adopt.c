/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of the host's becomes a container's root file system, where it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "life/internal.h"
#include "store/claim.h"

enum relation { APART, SAME, INSIDE, AROUND };

/* How `dir` lies to `other`; APART when that is not there. */
static int relate(int dir, const char *other, enum relation *ret, struct err *err)
{
	autoclose int fd = open(other, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int inside, around;

	*ret = APART;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	inside = fd < 0 ? -errno : path_is_below(dir, fd);
	around = inside < 0 ? inside : path_is_below(fd, dir);
	if (around < 0)
		return err_sys(err, -around, "look at '%s'", other);
	if (inside || around)
		*ret = inside && around ? SAME : inside ? INSIDE : AROUND;
	return 0;
}

static int check_own(const struct birth *birth, struct err *err)
{
	const struct store *store = birth->store;
	const char *const own[] = { store->manager, store->containers,  store->cache,
				    store->log,     store->manager_run, store->run };
	enum relation is;

	if (relate(birth->rootfs_fd, "/", &is, err) < 0)
		return -err->code;
	if (is == SAME)
		return err_set(err, EINVAL, "'%s' is this machine's own root folder", birth->rootfs);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (relate(birth->rootfs_fd, own[i], &is, err) < 0)
			return -err->code;
		if (is != APART)
			return err_set(err, EINVAL, "'%s' %s '%s', where mgr keeps its own", birth->rootfs,
				       is == SAME     ? "is"
				       : is == INSIDE ? "lies in"
						      : "holds",
				       own[i]);
	}
	return 0;
}

/* One whose configuration cannot be read has none that counts. */
static int check_other(const struct birth *birth, const struct store *store, const char *name, struct err *err)
{
	static const char *const words[] = { [SAME] = "is", [INSIDE] = "lies in", [AROUND] = "holds" };
	autocall(spec_done) struct spec spec;
	autoclose int folder = store_container(store, name, NULL);
	enum relation is;
	const char *path;

	spec_init(&spec);
	if (folder < 0 || spec_load(&spec, folder, "config", NULL) < 0 || !storage_find(&spec.rootfs, &path, NULL))
		return 0;
	if (relate(birth->rootfs_fd, path, &is, err) < 0)
		return -err->code;
	return is == APART ? 0
			   : err_set(err, EBUSY, "'%s' %s the root file system of '%s'%s", birth->rootfs, words[is], name,
				     birth->what->passing_of ? ", which runs" : "");
}

static int check_others(const struct birth *birth, struct err *err)
{
	const struct store *passing_of = birth->what->passing_of, *store = passing_of ? passing_of : birth->store;
	autocall(strv_done) struct strv names = { 0 };
	int r = store_list(store, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (!passing_of || store_lock_peek(store, names.v[i], NULL) > STORE_IDLE)
			r = check_other(birth, store, names.v[i], err);
	return r;
}

static int adopt(struct birth *birth, struct err *err)
{
	const char *given = birth->what->rootfs;
	int r;

	birth->rootfs = realpath(given, NULL);
	if (!birth->rootfs)
		return err_sys(err, errno, "find '%s'", given);
	birth->rootfs_fd = open(birth->rootfs, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (birth->rootfs_fd < 0)
		return err_sys(err, errno, "open '%s'", birth->rootfs);
	if (flock(birth->rootfs_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, EBUSY, "'%s' is in use: another command makes a container of it", birth->rootfs);
	r = check_own(birth, err);
	if (r == 0)
		r = check_others(birth, err);
	return r == 0 && !birth->what->exposed ? storage_check_exposed(birth->rootfs_fd, birth->rootfs, "--exposed", err)
					       : r;
}

int birth_adopt(struct birth *birth, struct err *err)
{
	return adopt(birth, err) < 0 ? err_wrap(err, "--rootfs") : 0;
}
