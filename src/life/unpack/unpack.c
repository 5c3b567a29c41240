/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/unpack/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "life/unpack/internal.h"
#include "life/unpack/pack.h"
#include "life/unpack/progress.h"

#define ENTRIES_MAX 10000000
#define ENTRY_COST  512  /* bytes that each takes of a file system at least, */
#define FOLDER_COST 4096 /* and a folder */
#define BLOCK       512  /* of a tar file, whose end is two of zeros */

struct unpack {
	int fd;
	struct archive *from, *to;
	const struct unpack_how *how;
	uint64_t total;             /* bytes of all trees so far */
	uint64_t entries, bytes;    /* so far; */
	uint64_t entries_max, room; /* how many there may be */
	int tree;                   /* the one that is unpacked into */
	struct progress_out progress;
	uint64_t taken; /* of the archive */
	struct left_out nodes, attributes;
	bool end, zeros; /* more was wanted than there is; the last block was all zeros */
	char buf[128 * BLOCK];
};

void unpack_prepare(void)
{
	setlocale(LC_CTYPE, "C.UTF-8"); /* names are bytes: libarchive gives out none that the locale cannot hold */
}

static void done(struct unpack *u)
{
	archive_read_free(u->from);
	archive_write_free(u->to);
	free(u->nodes.first);
	free(u->attributes.first);
}

static la_ssize_t read_input(struct archive *from, void *data, const void **ret)
{
	static const char zeros[BLOCK];
	struct unpack *u = data;
	size_t n = 0;

	while (n < sizeof u->buf) { /* whole blocks, from a pipe too */
		ssize_t got = read(u->fd, u->buf + n, sizeof u->buf - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			archive_set_error(from, errno, "%s", strerror(errno));
			return -1;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	u->end = n == 0;
	u->taken += n;
	progress_tell(&u->progress, u->taken, false);
	if (n > 0)
		u->zeros = n % BLOCK == 0 && memcmp(u->buf + n - BLOCK, zeros, BLOCK) == 0;
	*ret = u->buf;
	return (la_ssize_t)n;
}

int unpack_formats(struct archive *from, struct err *err)
{
	int (*const filters[])(struct archive *) = { archive_read_support_filter_gzip, archive_read_support_filter_xz,
						     archive_read_support_filter_zstd, archive_read_support_filter_bzip2 };

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		if (filters[i](from) != ARCHIVE_OK)
			return err_set(err, ENOSYS, "libarchive lacks a way to unpack: %s", archive_error_string(from));
	return archive_read_support_format_tar(from) == ARCHIVE_OK ? 0 : err_set(err, ENOSYS, "libarchive lacks tar");
}

static int open_input(struct unpack *u, struct err *err)
{
	u->from = archive_read_new();
	if (!u->from)
		return err_nomem(err);
	if (unpack_formats(u->from, err) < 0)
		return -err->code;
	if (archive_read_open(u->from, u, NULL, read_input, NULL) != ARCHIVE_OK)
		return unpack_say(err, u->from, "read it", NULL);
	return 0;
}

static int open_output(struct unpack *u, struct err *err)
{
	u->to = archive_write_disk_new();
	if (!u->to)
		return err_nomem(err);
	if (archive_write_disk_set_options(u->to, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
							  ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_XATTR |
							  ARCHIVE_EXTRACT_SECURE_SYMLINKS | ARCHIVE_EXTRACT_SECURE_NODOTDOT |
							  ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS) != ARCHIVE_OK)
		return err_set(err, ENOSYS, "libarchive lacks what is needed");
	return 0;
}

/* Folders get their modes and times here. */
static int close_output(struct unpack *u, struct err *err)
{
	int r = u->to && archive_write_close(u->to) != ARCHIVE_OK ? unpack_say(err, u->to, "unpack", NULL) : 0;

	archive_write_free(u->to);
	u->to = NULL;
	return r;
}

/* A twentieth of what there is, of files too where they are counted, is left to others. */
static int find_room(struct unpack *u, struct err *err)
{
	struct statvfs st;

	u->room = u->how->size;
	u->entries_max = ENTRIES_MAX;
	if (!u->how->exported)
		return 0;
	if (statvfs(".", &st) < 0)
		return err_sys(err, errno, "look for room");
	if (!u->room)
		u->room = (uint64_t)st.f_bavail * st.f_frsize / 20 * 19;
	if (st.f_files && st.f_favail / 20 * 19 < ENTRIES_MAX)
		u->entries_max = st.f_favail / 20 * 19;
	return 0;
}

/* What is unpacked from now on is of that one; -errno is passed on. */
static int take_tree(struct unpack *u, int tree, struct err *err)
{
	int r;

	if (tree < 0 || tree == u->tree)
		return tree < 0 ? tree : 0;
	r = close_output(u, err);
	if (r == 0)
		r = u->how->enter((size_t)tree, err);
	if (r == 0)
		r = open_output(u, err);
	if (r == 0 && u->how->room) { /* a file system of its own */
		u->bytes = u->entries = 0;
		r = find_room(u, err);
	}
	u->tree = tree;
	return r;
}

/* What a small archive may become. */
static int count(struct unpack *u, const char *path, uint64_t n, struct err *err)
{
	const uint64_t all = u->how->room;
	const bool over = u->bytes + n > u->room;

	u->bytes += n;
	u->total += n;
	if (!u->how->exported || (!over && (!all || u->total <= all)))
		return 0;
	return err_set(err, ENOSPC, "'%s': more than %" PRIu64 " bytes would be unpacked: refused", path,
		       over ? u->room : all);
}

static int count_entry(struct unpack *u, struct archive_entry *entry, struct err *err)
{
	const char *path = archive_entry_pathname(entry), *name;
	uint64_t n = archive_entry_filetype(entry) == AE_IFDIR ? FOLDER_COST : ENTRY_COST;
	const void *value;
	size_t size;

	u->entries++;
	if (u->how->exported && u->entries > u->entries_max)
		return err_set(err, E2BIG, "'%s': more than %" PRIu64 " files: refused", path, u->entries_max);
	if (archive_entry_xattr_reset(entry) > 0)
		while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
			n += size;
	return count(u, path, n, err);
}

static void begin_progress(struct unpack *u)
{
	struct stat st;

	u->progress.fd = u->how->progress;
	if (fstat(u->fd, &st) == 0)
		u->progress.total = (uint64_t)st.st_size;
}

static int copy_data(struct unpack *u, const char *path, struct err *err)
{
	const void *buf;
	la_int64_t at;
	size_t n;
	int r;

	while ((r = archive_read_data_block(u->from, &buf, &n, &at)) == ARCHIVE_OK) {
		if (n > 0 && count(u, path, n, err) < 0)
			return -err->code;
		if (archive_write_data_block(u->to, buf, n, at) < ARCHIVE_OK)
			return unpack_say(err, u->to, "unpack", path);
	}
	if (r != ARCHIVE_EOF)
		return unpack_say(err, u->from, "read", path);
	return 0;
}

static int unpack_entry(struct unpack *u, struct archive_entry *entry, struct err *err)
{
	const mode_t type = archive_entry_filetype(entry);
	const char *path, *link;
	int r = unpack_check_paths(entry, err);

	if (r == 0 && u->how->exported && str_starts(archive_entry_pathname(entry), PACK_HEAD))
		return 0;
	if (r == 0 && u->how->exported)
		r = take_tree(u, unpack_find_place(entry, u->how->snapshots, err), err);
	if (r == 0)
		r = count_entry(u, entry, err);
	if (r < 0)
		return r;
	path = archive_entry_pathname(entry);
	link = archive_entry_hardlink(entry);
	if (link && str_eq(link, path)) /* what GNU tar was told to pack twice */
		return 0;
	if (type == AE_IFCHR || type == AE_IFBLK) {
		if (u->how->exported && u->how->map->mode != IDMAP_NONE)
			return err_set(err, EPERM, "'%s' is a device node: refused", path);
		if (unpack_is_below_dev(path))
			return 0;
		if (u->how->map->mode != IDMAP_NONE)
			return unpack_leave_out(&u->nodes, path, err);
	}
	r = unpack_owner(u->how->map, entry, err);
	if (r == 0)
		r = unpack_choose_attributes(&u->attributes, entry, err);
	if (r < 0)
		return r;
	if (archive_write_header(u->to, entry) != ARCHIVE_OK)
		return unpack_say(err, u->to, "unpack", path);
	r = copy_data(u, path, err);
	if (r == 0 && archive_write_finish_entry(u->to) != ARCHIVE_OK)
		r = unpack_say(err, u->to, "unpack", path);
	return r;
}

/* The next entry. A name that is not UTF-8 is a warning, and comes as the bytes that it is; every other one counts. */
static int next_entry(const struct unpack *u, struct archive_entry **ret)
{
	int r = archive_read_next_header(u->from, ret);
	const char *text = r == ARCHIVE_WARN ? archive_error_string(u->from) : NULL;

	return text && strstr(text, "can't be converted from") ? ARCHIVE_OK : r;
}

static int unpack_all(struct unpack *u, struct str *ret_told, struct err *err)
{
	struct archive_entry *entry;
	int r, got;

	while ((got = next_entry(u, &entry)) == ARCHIVE_OK) {
		r = unpack_entry(u, entry, err);
		if (r < 0)
			return r;
	}
	if (got != ARCHIVE_EOF)
		return unpack_say(err, u->from, "read it", NULL);
	if (u->end && !u->zeros && archive_filter_count(u->from) == 1)
		return err_set(err, EINVAL, "read it: it is cut short, its end mark is missing");
	if (close_output(u, err) < 0)
		return -err->code;
	unpack_tell(&u->nodes, ret_told);
	unpack_tell(&u->attributes, ret_told);
	return 0;
}

int unpack(int archive, const struct unpack_how *how, struct str *ret_told, struct err *err)
{
	struct unpack *u = calloc(1, sizeof *u);
	int r;

	if (!u)
		return err_nomem(err);
	u->fd = archive;
	u->how = how;
	u->nodes.what = "device nodes, which no container with an id map can have";
	u->attributes.what = "extended attributes that belong to the machine it was packed on";
	begin_progress(u);
	r = open_input(u, err);
	if (r == 0)
		r = open_output(u, err);
	if (r == 0)
		r = find_room(u, err);
	if (r == 0)
		r = unpack_all(u, ret_told, err);
	done(u);
	free(u);
	return r;
}
