/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/unpack/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/walk.h"
#include "life/unpack/about.h"
#include "life/unpack/internal.h"
#include "life/unpack/progress.h"

#define DISK_BLOCK 512  /* what st_blocks counts, stat(3type) */
#define PATH_MOST  4095 /* bytes of a path that a program can open (path_resolution(7)) */
#define PATH_TOLD  60   /* of a longer one */

struct packing {
	const struct pack *what;
	struct archive *from, *to;
	struct archive_entry_linkresolver *links;
	struct left_out nodes, attributes, deep, many;
	struct progress_out progress;
	uint64_t done;
	struct about about;
	const char *root; /* where the tree is in the archive */
	char zeros[256 << 10];
};

static void done(struct packing *p)
{
	archive_read_free(p->from);
	archive_write_free(p->to);
	archive_entry_linkresolver_free(p->links);
	free(p->nodes.first);
	free(p->attributes.first);
	free(p->deep.first);
	free(p->many.first);
	about_done(&p->about);
}

/* --- how far it is --------------------------------------------------------------------------------------------------------
 */

static uint64_t data_of(const struct stat *st)
{
	const uint64_t on_disk = (uint64_t)st->st_blocks * DISK_BLOCK;

	return ((uint64_t)st->st_size < on_disk ? (uint64_t)st->st_size : on_disk) / (st->st_nlink ? st->st_nlink : 1);
}

static int count_file(void *data, int at, const char *name, const struct stat *st, struct err *err)
{
	uint64_t *n = data;

	(void)at, (void)name, (void)err;
	*n += S_ISREG(st->st_mode) ? data_of(st) : 0;
	return 0;
}

static uint64_t count_tree(void)
{
	static const struct walk counting = { .file = count_file };
	uint64_t n = 0;

	walk_tree(AT_FDCWD, &counting, &n, NULL);
	return n;
}

static int count(struct packing *p, struct err *err)
{
	int r = 0;

	for (size_t i = 0; p->progress.fd >= 0 && i <= p->about.n && r == 0; i++) {
		r = p->what->enter(i, err);
		if (r == 0)
			p->progress.total += count_tree();
	}
	return r;
}

/* --- the archive ----------------------------------------------------------------------------------------------------------
 */

static int open_output(struct packing *p, struct err *err)
{
	int r;

	p->to = archive_write_new();
	if (!p->to)
		return err_nomem(err);
	r = archive_write_set_format_pax(p->to);
	if (r == ARCHIVE_OK && !str_eq(p->what->filter, "none"))
		r = archive_write_add_filter_by_name(p->to, p->what->filter);
	if (r != ARCHIVE_OK) /* where it would run a program it warns */
		return err_set(err, ENOSYS, "libarchive lacks '%s'", p->what->filter);
	archive_write_set_format_option(p->to, "pax", "xattrheader", "SCHILY"); /* as GNU tar has them */
	archive_write_set_filter_option(p->to, NULL, "threads", "0"); /* as many as there are processors; few know it */
	archive_write_set_bytes_in_last_block(p->to, 1);
	return archive_write_open_fd(p->to, p->what->out) == ARCHIVE_OK ? 0 : unpack_say(err, p->to, "write it", NULL);
}

static int write_bytes(struct packing *p, const char *path, const char *bytes, size_t n, struct err *err)
{
	while (n > 0) {
		la_ssize_t w = archive_write_data(p->to, bytes, n);
		if (w <= 0)
			return unpack_say(err, p->to, "pack", path);
		bytes += w;
		n -= (size_t)w;
	}
	return 0;
}

/* A hole: the format is told of it with the entry, and takes these for it. */
static int write_zeros(struct packing *p, const char *path, la_int64_t n, struct err *err)
{
	int r = 0;

	for (size_t some; r == 0 && n > 0; n -= (la_int64_t)some) {
		some = n < (la_int64_t)sizeof p->zeros ? (size_t)n : sizeof p->zeros;
		r = write_bytes(p, path, p->zeros, some, err);
	}
	return r;
}

/* A name that is not UTF-8 is a warning, and goes as the bytes that it is. */
static bool is_written(struct archive *to, int r)
{
	const char *text = r == ARCHIVE_WARN ? archive_error_string(to) : NULL;

	return r == ARCHIVE_OK || (text && strstr(text, "Can't translate"));
}

static int add_text(struct packing *p, const char *path, const char *text, uint64_t time, struct err *err)
{
	struct archive_entry *entry = archive_entry_new();
	int r = 0;

	if (!entry)
		return err_nomem(err);
	archive_entry_set_pathname(entry, path);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, (la_int64_t)strlen(text));
	archive_entry_set_mtime(entry, (time_t)(time / CLOCK_SECOND), (long)(time % CLOCK_SECOND));
	if (archive_write_header(p->to, entry) != ARCHIVE_OK)
		r = unpack_say(err, p->to, "pack", path);
	archive_entry_free(entry);
	return r < 0 ? r : write_bytes(p, path, text, strlen(text), err);
}

static int add_snapshot(struct packing *p, const struct about_snapshot *s, struct err *err)
{
	autofree char *config = str_fmt(PACK_HEAD PACK_SNAPSHOTS "/%s/config", s->name),
		      *comment = str_fmt(PACK_HEAD PACK_SNAPSHOTS "/%s/comment", s->name);
	int r = config && comment ? add_text(p, config, s->config, s->created, err) : err_nomem(err);

	return r == 0 && s->comment ? add_text(p, comment, s->comment, s->created, err) : r;
}

static int add_head(struct packing *p, struct err *err)
{
	autofree char *text = NULL, *name = NULL;
	const uint64_t now = (uint64_t)time(NULL) * CLOCK_SECOND;
	int r = file_read_fd(p->what->about, "what it is", ABOUT_MAX, &text, NULL, err);

	if (r == 0)
		r = about_parse(text, &p->about, err);
	if (r == 0 && !(name = str_fmt("%s\n", p->about.name)))
		r = err_nomem(err);
	if (r == 0)
		r = add_text(p, "mgr/format", PACK_FORMAT "\n", now, err);
	if (r == 0)
		r = add_text(p, "mgr/name", name, now, err);
	if (r == 0)
		r = add_text(p, "mgr/config", p->about.config, now, err);
	for (size_t i = 0; i < p->about.n && r == 0; i++)
		r = add_snapshot(p, &p->about.v[i], err);
	return r;
}

/* --- the tree -------------------------------------------------------------------------------------------------------------
 */

static int copy_data(struct packing *p, const char *path, la_int64_t size, struct err *err)
{
	const void *buf;
	la_int64_t at = 0, from;
	size_t n;
	int r, got;

	while ((got = archive_read_data_block(p->from, &buf, &n, &from)) == ARCHIVE_OK) {
		r = write_zeros(p, path, from - at, err);
		if (r == 0)
			r = write_bytes(p, path, buf, n, err);
		if (r < 0)
			return r;
		at = from + (la_int64_t)n;
		p->done += n;
		progress_tell(&p->progress, p->done, false);
	}
	return got == ARCHIVE_EOF ? write_zeros(p, path, size - at, err) : unpack_say(err, p->from, "read", path);
}

/* "." and "./etc" as the archive has them. */
static int set_name(const struct packing *p, struct archive_entry *entry, const char *path, struct err *err)
{
	autofree char *name = NULL;

	path = unpack_plain(path);
	name = str_eq(path, ".") ? strdup(p->root) : str_fmt("%s/%s", p->root, path);
	if (!name)
		return err_nomem(err);
	archive_entry_copy_pathname(entry, name);
	return 0;
}

/* 1: it is not packed. */
static int leave_out(struct packing *p, const struct archive_entry *entry, const char *path, struct err *err)
{
	const mode_t type = archive_entry_filetype((struct archive_entry *)entry);
	int r;

	if (type == AE_IFSOCK) /* which is nothing without who listens */
		return 1;
	if ((type != AE_IFCHR && type != AE_IFBLK) || p->what->nodes)
		return 0;
	r = unpack_is_below_dev(path) ? 0 : unpack_leave_out(&p->nodes, path, err);
	return r < 0 ? r : 1;
}

static int pack_entry(struct packing *p, struct archive_entry *entry, struct err *err)
{
	autofree char *path = strdup(archive_entry_pathname(entry));
	struct archive_entry *none = NULL;
	int r = path ? leave_out(p, entry, path, err) : err_nomem(err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = unpack_choose_attributes(&p->attributes, entry, err);
	if (r == 0)
		r = unpack_drop_nobody(entry, err);
	if (r == 0)
		r = set_name(p, entry, path, err);
	if (r < 0)
		return r;
	archive_entry_unset_atime(entry);
	archive_entry_unset_ctime(entry);
	archive_entry_unset_birthtime(entry);
	archive_entry_linkify(p->links, &entry, &none);
	if (!is_written(p->to, archive_write_header(p->to, entry)))
		return unpack_say(err, p->to, "pack", path);
	if (archive_entry_filetype(entry) == AE_IFREG && !archive_entry_hardlink(entry) && archive_entry_size(entry) > 0)
		r = copy_data(p, path, archive_entry_size(entry), err);
	return r;
}

/* No archive's reader could make it, and a guest could have its paths need more room than there is. 1: it is not packed, nor
 * what is in it. */
static int leave_out_deep(struct packing *p, struct archive_entry *entry, struct err *err)
{
	const char *path = unpack_plain(archive_entry_pathname(entry));
	const size_t n = strlen(path);
	autofree char *end = NULL;

	if (n <= PATH_MOST)
		return 0;
	end = str_fmt("...%s", path + n - PATH_TOLD);
	return !end ? err_nomem(err) : unpack_leave_out(&p->deep, end, err) < 0 ? -err->code : 1;
}

static int pack_next(struct packing *p, struct archive_entry *entry, struct err *err)
{
	int r = leave_out_deep(p, entry, err);

	if (r != 0)
		return r < 0 ? r : 0;
	archive_read_disk_descend(p->from);
	return pack_entry(p, entry, err);
}

/* What is listed and is not there (base/walk.c) is a warning that comes with the next entry; that attributes are more than
 * the kernel lists is one of the entry. */
static int next_entry(struct packing *p, struct archive_entry *entry, struct err *err)
{
	int r = archive_read_next_header2(p->from, entry);
	const int code = r == ARCHIVE_WARN ? archive_errno(p->from) : 0;

	if (code == E2BIG && unpack_leave_out(&p->many, archive_entry_pathname(entry), err) < 0)
		return ARCHIVE_FATAL;
	return code == E2BIG || code == ENOENT ? ARCHIVE_OK : r;
}

static int pack_tree(struct packing *p, struct err *err)
{
	int got, r = 0;

	archive_read_free(p->from);
	archive_entry_linkresolver_free(p->links);
	p->from = archive_read_disk_new();
	p->links = archive_entry_linkresolver_new();
	if (!p->from || !p->links)
		return err_nomem(err);
	archive_entry_linkresolver_set_strategy(p->links, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
	archive_read_disk_set_symlink_physical(p->from);
	archive_read_disk_set_behavior(p->from, ARCHIVE_READDISK_NO_FFLAGS);
	if (archive_read_disk_open(p->from, ".") != ARCHIVE_OK)
		return unpack_say(err, p->from, "read it", NULL);
	while (r == 0) {
		struct archive_entry *entry = archive_entry_new();
		if (!entry)
			return err_nomem(err);
		got = next_entry(p, entry, err);
		if (got == ARCHIVE_OK)
			r = pack_next(p, entry, err);
		else if (got != ARCHIVE_EOF)
			r = unpack_say(err, p->from, "read", archive_entry_pathname(entry));
		archive_entry_free(entry);
		if (got == ARCHIVE_EOF)
			break;
	}
	return r;
}

static int pack_trees(struct packing *p, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i <= p->about.n && r == 0; i++) {
		autofree char *root =
			i ? str_fmt(PACK_SNAPSHOTS "/%s/" PACK_ROOT, p->about.v[i - 1].name) : strdup(PACK_ROOT);
		r = root ? p->what->enter(i, err) : err_nomem(err);
		p->root = root;
		if (r == 0)
			r = pack_tree(p, err);
	}
	return r;
}

static int pack_all(struct packing *p, struct str *ret_told, struct err *err)
{
	int r = open_output(p, err);

	if (r == 0)
		r = add_head(p, err);
	if (r == 0)
		r = count(p, err);
	if (r == 0)
		r = pack_trees(p, err);
	if (r == 0 && archive_write_close(p->to) != ARCHIVE_OK)
		r = unpack_say(err, p->to, "write it", NULL);
	if (r < 0)
		return r;
	progress_tell(&p->progress, p->progress.total, true);
	unpack_tell(&p->nodes, ret_told);
	unpack_tell(&p->attributes, ret_told);
	unpack_tell(&p->deep, ret_told);
	unpack_tell(&p->many, ret_told);
	return 0;
}

int pack(const struct pack *what, struct str *ret_told, struct err *err)
{
	struct packing *p = calloc(1, sizeof *p);
	int r;

	if (!p)
		return err_nomem(err);
	p->what = what;
	p->progress.fd = what->progress;
	p->nodes.what = "device nodes, which no container with an id map can have";
	p->attributes.what = "extended attributes that belong to this machine";
	p->many.what = "files' extended attributes, which are more than can be listed";
	p->deep.what = "files or folders, with what is in them, whose paths are longer than a program can open";
	r = pack_all(p, ret_told, err);
	done(p);
	free(p);
	return r;
}
