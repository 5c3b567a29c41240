/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was found on a disk, kept with the container. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "storage/disk_internal.h"

#define FILE_MAX 4096

/* A line each, "size 1234"; "type ext4" beside these. */
static const struct {
	const char *name;
	size_t off;
} numbers[] = {
	{ "size", offsetof(struct disk, size) },           { "mtime", offsetof(struct disk, mtime) },
	{ "partition", offsetof(struct disk, partition) }, { "offset", offsetof(struct disk, offset) },
	{ "length", offsetof(struct disk, length) },       { "in-place", offsetof(struct disk, in_place) },
	{ "below", offsetof(struct disk, below) },         { "whole", offsetof(struct disk, whole) },
};

void disk_done(struct disk *disk)
{
	free(steal_ptr(&disk->from));
}

int disk_save(const struct disk *disk, int folder, struct err *err)
{
	autocall(str_done) struct str text = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		str_addf(&text, "%s %" PRIu64 "\n", numbers[i].name,
			 *(const uint64_t *)((const char *)disk + numbers[i].off));
	str_addf(&text, "type %s\n", disk->fs);
	if (disk->from)
		str_addf(&text, "from %s\n", disk->from);
	if (text.failed)
		return err_nomem(err);
	return file_replace_at(folder, DISK_FILE, str_text(&text), text.len, 0600, err);
}

static int take_line(char *line, struct disk *ret)
{
	const char *name = strsep(&line, " ");

	if (line && str_eq(name, "type"))
		return str_print(ret->fs, sizeof ret->fs, "%s", line);
	if (line && str_eq(name, "from") && !ret->from)
		return (ret->from = strdup(line)) ? 0 : -ENOMEM;
	for (size_t i = 0; line && i < ARRAY_SIZE(numbers); i++)
		if (str_eq(name, numbers[i].name))
			return str_uint(line, 0, UINT64_MAX, (uint64_t *)((char *)ret + numbers[i].off));
	return -EINVAL;
}

int disk_load(int folder, struct disk *ret, struct err *err)
{
	autocall(strv_done) struct strv lines = { 0 };
	int r = file_read_lines_at(folder, DISK_FILE, FILE_MAX, &lines, err);

	*ret = (struct disk){ 0 };
	for (size_t i = 0; r == 0 && i < lines.n; i++)
		r = take_line(lines.v[i], ret);
	if (r == 0 && ret->fs[0] && ret->length)
		return 0;
	disk_done(ret);
	return r == -ENOMEM ? err_nomem(err) : err_set(err, EINVAL, "'" DISK_FILE "' does not say what is on the disk");
}

int disk_take_file(int file, const char *path, struct disk *ret, struct err *err)
{
	struct stat st;

	if (fstat(file, &st) < 0)
		return err_sys(err, errno, "look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "'%s' is no regular file", path);
	ret->size = (uint64_t)st.st_size;
	ret->mtime = (uint64_t)st.st_mtim.tv_sec * CLOCK_SECOND + (uint64_t)st.st_mtim.tv_nsec;
	return 0;
}

int disk_check_file(int file, const char *path, const struct disk *disk, struct err *err)
{
	struct disk now = { 0 };

	if (disk_take_file(file, path, &now, err) < 0)
		return -err->code;
	if (now.size != disk->size)
		return err_set(
			err, ESTALE,
			"'%s' has been written since the container was made: it had %ju bytes, and has %ju; the container "
			"stands on what it was: put that back",
			path, (uintmax_t)disk->size, (uintmax_t)now.size);
	if (now.mtime != disk->mtime)
		return err_set(
			err, ESTALE,
			"'%s' has been written since the container was made, or only touched: the container stands on "
			"what it was; if all in it is the same still, 'mgr-images take %s'; else put that back",
			path, path);
	return 0;
}
