/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk or an image of the host's is what a container stands on. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "life/internal.h"
#include "storage/disk.h"
#include "storage/fs.h"

#define QCOW2_MAGIC "QFI\373"

static bool is_qcow2(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char magic[4];

	return fd >= 0 && pread(fd, magic, sizeof magic, 0) == sizeof magic && memcmp(magic, QCOW2_MAGIC, 4) == 0;
}

int birth_disk(struct birth *birth, struct err *err)
{
	const struct life_create *what = birth->what;
	const char *given = what->image ? what->image : what->disk;

	birth->disk = realpath(given, NULL);
	if (!birth->disk)
		return err_sys(err, errno, "--%s: find '%s'", what->image ? "image" : "disk", given);
	if (what->image && is_qcow2(birth->disk))
		return err_set(err, EINVAL, "--image: '%s' is a qcow2 disk: --disk reads those", birth->disk);
	return 0;
}

static int find(struct birth *birth, struct disk *ret, struct err *err)
{
	const struct life_create *what = birth->what;

	if (what->image)
		return disk_find(birth->store, birth->disk, what->partition, ret, err);
	if (what->backing && !(ret->from = realpath(what->backing, NULL)))
		return err_sys(err, errno, "find '%s'", what->backing);
	birth->device = disk_find_served(birth->store, birth->disk, what->partition, ret, err);
	return birth->device < 0 ? birth->device : 0;
}

/* What others stand on stays as it is, also while they are stopped; and what one writes to, nobody can stand on. */
static int check_one(const struct birth *birth, const struct stat *file, const char *name, struct err *err)
{
	autoclose int folder = store_container(birth->store, name, NULL);
	const struct storage_backend *backend = NULL;
	autocall(disk_done) struct disk disk = { 0 };
	autocall(spec_done) struct spec spec;
	const char *path;
	struct stat st;

	spec_init(&spec);
	if (folder >= 0 && spec_load(&spec, folder, "config", NULL) == 0)
		backend = storage_find(&spec.rootfs, &path, NULL);
	if (!backend || !backend->on_disk || stat(path, &st) < 0 || st.st_dev != file->st_dev || st.st_ino != file->st_ino ||
	    disk_load(folder, &disk, NULL) < 0 || disk.in_place == birth->what->in_place)
		return 0;
	return err_set(err, EBUSY,
		       disk.in_place ? "'%s' is written in place by '%s': copy the file"
				     : "'%s' is what '%s' stands on, as it is: copy the file",
		       birth->disk, name);
}

static int check_others(const struct birth *birth, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	struct stat file;
	int r = stat(birth->disk, &file) < 0 ? err_sys(err, errno, "look at '%s'", birth->disk)
					     : store_list(birth->store, &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = check_one(birth, &file, names.v[i], err);
	return r;
}

/* In the image it can be recovered, so that it need not have been unmounted. */
static int import(struct birth *birth, const struct disk *disk, struct err *err)
{
	const struct life_create *what = birth->what;
	const struct rootfs_conf conf = { .size = birth->size, .options = birth->options };
	const struct storage_place place = {
		.conf = &conf, .store = birth->store, .name = what->name, .uuid = birth->uuid, .folder = birth->folder
	};
	int r = birth->size && birth->size < disk->length
			? err_set(err, ENOSPC, "--size: what is on the disk has %ju bytes", (uintmax_t)disk->length)
			: 0;

	if (r == 0 && !fs_named(disk->fs, NULL))
		r = err_set(err, EOPNOTSUPP,
			    "'%s' holds %s, which cannot be written: without --import it is below a container", birth->disk,
			    disk->fs);
	if (r == 0)
		r = disk_convert(disk, birth->disk, birth->folder, birth->backend->own, what->progress, what->data, err);
	birth->imported = disk->length;
	debug_point("create", "imported");
	return r == 0 && birth->size ? storage_resize(birth->backend, &place, false, birth->size, err) : r;
}

static int make(const struct birth *birth, const struct disk *disk, struct err *err)
{
	autofree char *path = str_fmt("%s:%s", birth->backend->name, birth->disk);
	const struct rootfs_conf conf = { .path = path, .options = birth->options };
	const struct storage_place place = { .conf = &conf,
					     .path = birth->disk,
					     .store = birth->store,
					     .name = birth->what->name,
					     .uuid = birth->uuid,
					     .folder = birth->folder };
	int r = path ? disk_save(disk, birth->folder, err) : err_nomem(err);

	return r == 0 ? birth->backend->create(&place, NULL, err) : r;
}

/* What has to be recovered is written to, if it can be beside the disk. */
static int make_delta(struct birth *birth, const struct disk *disk, struct err *err)
{
	int r = make(birth, disk, err);

	if (r == -EROFS && birth->what->image) {
		const struct err why = *err;
		return err_set(err, EROFS, "%.400s: --in-place does that", why.msg);
	}
	if (r != -EROFS || birth->what->block)
		return r;
	err_clear(err);
	birth->backend = storage_named("block", err);
	return birth->backend ? make(birth, disk, err) : -err->code;
}

int birth_fill_disk(struct birth *birth, struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };
	int r = check_others(birth, err);

	if (r == 0)
		r = find(birth, &disk, err);
	disk.in_place = birth->what->in_place;
	if (r == 0)
		r = birth->what->import ? import(birth, &disk, err) : make_delta(birth, &disk, err);
	debug_point("create", "filled");
	return r < 0 ? err_wrap(err, "--%s", birth->what->image ? "image" : "disk") : 0;
}
