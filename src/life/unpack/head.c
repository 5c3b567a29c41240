/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-unpack --head: what an archive of mgr-export begins with. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "conf/conf.h"
#include "life/unpack/about.h"
#include "life/unpack/internal.h"
#include "life/unpack/pack.h"
#include "life/unpack/unpack.h"

struct reading {
	struct archive *from;
	struct archive_entry *entry; /* the next; NULL: there is none */
};

static int next(struct reading *in, struct err *err)
{
	int r = archive_read_next_header(in->from, &in->entry);

	if (r == ARCHIVE_EOF)
		in->entry = NULL;
	return r == ARCHIVE_EOF || r == ARCHIVE_OK ? 0 : unpack_say(err, in->from, "read it", NULL);
}

static bool is_file(const struct reading *in, const char *path)
{
	return in->entry && str_eq(archive_entry_pathname(in->entry), path) &&
	       archive_entry_filetype(in->entry) == AE_IFREG && !archive_entry_hardlink(in->entry);
}

/* The next member, which is to be this file, in *ret. */
static int read_member(struct reading *in, const char *path, size_t max, char **ret, struct err *err)
{
	autocall(str_done) struct str text = { 0 };
	char buf[4096];
	la_ssize_t n;

	if (!is_file(in, path))
		return err_set(err, EINVAL, "it is not from mgr-export: '%s' is not where it should be", path);
	while ((n = archive_read_data(in->from, buf, sizeof buf)) > 0) {
		if (text.len + (size_t)n > max || memchr(buf, '\0', (size_t)n))
			return err_set(err, EINVAL, "'%s' is no text of at most %zu bytes", path, max);
		str_addn(&text, buf, (size_t)n);
	}
	if (n < 0)
		return unpack_say(err, in->from, "read", path);
	*ret = text.failed ? NULL : strdup(str_text(&text));
	return *ret ? next(in, err) : err_nomem(err);
}

static int read_format(struct reading *in, struct err *err)
{
	autofree char *format = NULL;
	int r = read_member(in, "mgr/format", 16, &format, err);

	if (r == 0 && !str_eq(format, PACK_FORMAT "\n"))
		return err_set(err, EPROTO, "its format is %.*s, this mgr knows " PACK_FORMAT, (int)strcspn(format, "\n"),
			       format);
	return r;
}

static int read_name(struct reading *in, struct about *ret, struct err *err)
{
	int r = read_member(in, "mgr/name", 64, &ret->name, err);
	char *end = r < 0 ? NULL : strchr(ret->name, '\n');

	if (r == 0 && (!end || end == ret->name || end[1]))
		return err_set(err, EINVAL, "'mgr/name' is not one line");
	if (r == 0)
		*end = '\0';
	return r;
}

/* The name in mgr/snapshots/NAME/config, allocated; NULL: it is another member. */
static char *snapshot_of(const struct reading *in)
{
	const char *path = in->entry ? archive_entry_pathname(in->entry) : NULL, *name, *end;

	if (!path || !str_starts(path, PACK_HEAD PACK_SNAPSHOTS "/"))
		return NULL;
	name = path + strlen(PACK_HEAD PACK_SNAPSHOTS "/");
	end = strchr(name, '/');
	return end && str_eq(end, "/config") && !memchr(name, ' ', (size_t)(end - name)) &&
			       !memchr(name, '\n', (size_t)(end - name))
		       ? strndup(name, (size_t)(end - name))
		       : NULL;
}

static int read_snapshot(struct reading *in, const char *name, struct about *ret, struct err *err)
{
	autofree char *config = str_fmt(PACK_HEAD PACK_SNAPSHOTS "/%s/config", name),
		      *comment = str_fmt(PACK_HEAD PACK_SNAPSHOTS "/%s/comment", name);
	struct about_snapshot *s;
	int r;

	if (ret->n == ABOUT_SNAPSHOTS_MAX)
		return err_set(err, E2BIG, "'%s': more than %d snapshots: refused", config, ABOUT_SNAPSHOTS_MAX);
	s = config && comment ? about_add(ret, name) : NULL;
	if (!s)
		return err_nomem(err);
	s->created = (uint64_t)archive_entry_mtime(in->entry) * CLOCK_SECOND + (uint64_t)archive_entry_mtime_nsec(in->entry);
	r = read_member(in, config, CONF_FILE_MAX, &s->config, err);
	return r == 0 && is_file(in, comment) ? read_member(in, comment, ABOUT_COMMENT_MAX, &s->comment, err) : r;
}

static int read_all(struct reading *in, struct about *ret, struct err *err)
{
	int r = next(in, err);

	if (r == 0)
		r = read_format(in, err);
	if (r == 0)
		r = read_name(in, ret, err);
	if (r == 0)
		r = read_member(in, "mgr/config", CONF_FILE_MAX, &ret->config, err);
	while (r == 0) {
		autofree char *name = snapshot_of(in);
		if (!name)
			break;
		r = read_snapshot(in, name, ret, err);
	}
	return r;
}

int unpack_head(int archive, struct str *ret, struct err *err)
{
	struct archive *from = archive_read_new();
	struct reading in = { .from = from };
	autocall(about_done) struct about about = { 0 };
	int r = from ? unpack_formats(from, err) : err_nomem(err);

	if (r == 0 && archive_read_open_fd(from, archive, 64 << 10) != ARCHIVE_OK)
		r = unpack_say(err, from, "read it", NULL);
	if (r == 0)
		r = read_all(&in, &about, err);
	if (r == 0)
		about_print(&about, ret);
	if (r == 0 && (ret->failed || ret->len > ABOUT_MAX))
		r = err_set(err, E2BIG, "it says more than %d bytes about itself", ABOUT_MAX);
	archive_read_free(from);
	return r;
}
