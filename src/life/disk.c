/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk or an image of the host's is what a container stands on. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "life/internal.h"
#include "life/root.h"
#include "storage/disk.h"
#include "storage/fs.h"

#define QCOW2_MAGIC "QFI\373"
#define DELTA_MAGIC "mgrd" /* what mgr-qcow2 has written can be a disk, too */

static bool begins(const char *path, const char magic[static 4])
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char found[4];

	return fd >= 0 && pread(fd, found, sizeof found, 0) == sizeof found && memcmp(found, magic, sizeof found) == 0;
}

static bool is_qcow2(const char *path)
{
	return begins(path, QCOW2_MAGIC) || begins(path, DELTA_MAGIC);
}

/* Formats of other machines' disks: where in the file they say so; from its end where that is negative. */
static const struct {
	const char *name, *magic;
	off_t at;
} foreign[] = {
	{ "vdi", "\x7f\x10\xda\xbe", 0x40 },
	{ "vmdk", "KDMV", 0 },
	{ "vmdk", "COWD", 0 },
	{ "vmdk", "# Disk DescriptorFile", 0 },
	{ "vhdx", "vhdxfile", 0 },
	{ "vpc", "conectix", 0 },
	{ "dmg", "koly", -512 },
	{ "qed", "QED", 0 },
	{ "qcow", "QFI\373\0\0\0\1", 0 },
};

/* The magic of qcow has zeros in it: it is 8 bytes. */
static const char *foreign_format(const char *path)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	char found[32];

	for (size_t i = 0; end > 0 && i < ARRAY_SIZE(foreign); i++) {
		const size_t n = str_eq(foreign[i].name, "qcow") ? 8 : strlen(foreign[i].magic);
		const off_t at = foreign[i].at < 0 ? end + foreign[i].at : foreign[i].at;
		if (pread(fd, found, n, at) == (ssize_t)n && memcmp(found, foreign[i].magic, n) == 0)
			return foreign[i].name;
	}
	return NULL;
}

int birth_disk(struct birth *birth, struct err *err)
{
	const char *format;
	const struct life_create *what = birth->what;
	const char *given = what->image ? what->image : what->disk;

	birth->disk = realpath(given, NULL);
	if (!birth->disk)
		return err_sys(err, errno, "--%s: find '%s'", what->image ? "image" : "disk", given);
	format = foreign_format(birth->disk);
	if (format)
		return err_set(
			err, EINVAL,
			"--%s: '%s' is a disk in format %s: 'qemu-img convert -f %s -O qcow2 %s FILE' makes one for --disk",
			what->image ? "image" : "disk", birth->disk, format, format, birth->disk);
	if (what->image && is_qcow2(birth->disk))
		return err_set(err, EINVAL, "--image: '%s' is a qcow2 disk: --disk reads those", birth->disk);
	if (what->disk && !is_qcow2(birth->disk))
		return err_set(err, EINVAL, "--disk: '%s' is no qcow2 disk: --image reads others", birth->disk);
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
	const struct rootfs_conf conf = { .path = path, .options = birth->options, .size = birth->size };
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
static int make_delta(struct birth *birth, const struct disk *disk, struct str *ret_tail, struct err *err)
{
	int r = make(birth, disk, err);
	const struct err why = *err;

	if (r == -EROFS && birth->what->image)
		return err_set(err, EROFS, "%.400s: --in-place does that", why.msg);
	if (r != -EROFS || birth->what->block)
		return r;
	err_clear(err);
	birth->backend = storage_named("block", err);
	r = birth->backend ? make(birth, disk, err) : -err->code;
	if (r == 0)
		str_addf(ret_tail,
			 "%s: as with --block, what changes is kept in blocks beside the disk (rootfs.path = block:)",
			 why.msg);
	return r;
}

int birth_fill_disk(struct birth *birth, struct str *ret_tail, struct err *err)
{
	autocall(disk_done) struct disk disk = { 0 };
	int r = root_check_file(birth->disk, birth->what->in_place ? ROOT_IN_PLACE : ROOT_READ, birth->store, NULL, err);

	if (r == 0)
		r = find(birth, &disk, err);
	disk.in_place = birth->what->in_place;
	if (r == 0)
		r = birth->what->import ? import(birth, &disk, err) : make_delta(birth, &disk, ret_tail, err);
	debug_point("create", "filled");
	return r < 0 ? err_wrap(err, "--%s", birth->what->image ? "image" : "disk") : 0;
}

int birth_check_shown(const struct birth *birth, int root, struct err *err)
{
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, "..") && !str_eq(entry->d_name, "lost+found"))
			return 0;
	return err_set(err, EINVAL, "--%s: the file system in '%s' is empty", birth->what->image ? "image" : "disk",
		       birth->disk);
}
