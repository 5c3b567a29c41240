/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mgr-unpack --head: what an archive of mgr-export begins with. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "conf/conf.h"
#include "life/unpack/internal.h"
#include "life/unpack/pack.h"
#include "life/unpack/unpack.h"

/* The next member, which is to be this file. */
static int read_member(struct archive *from, const char *path, size_t max, struct str *ret, struct err *err)
{
	struct archive_entry *entry;
	char buf[4096];
	la_ssize_t n;
	int r = archive_read_next_header(from, &entry);

	if (r != ARCHIVE_OK && r != ARCHIVE_EOF)
		return unpack_say(err, from, "read it", NULL);
	if (r == ARCHIVE_EOF || !str_eq(archive_entry_pathname(entry), path) || archive_entry_filetype(entry) != AE_IFREG ||
	    archive_entry_hardlink(entry))
		return err_set(err, EINVAL, "it is not from mgr-export: '%s' is not where it should be", path);
	while ((n = archive_read_data(from, buf, sizeof buf)) > 0) {
		if (ret->len + (size_t)n > max || memchr(buf, '\0', (size_t)n))
			return err_set(err, EINVAL, "'%s' is no text of at most %zu bytes", path, max);
		str_addn(ret, buf, (size_t)n);
	}
	return n < 0 ? unpack_say(err, from, "read", path) : ret->failed ? err_nomem(err) : 0;
}

static int read_all(struct archive *from, struct str *ret, struct err *err)
{
	autocall(str_done) struct str format = { 0 };
	int r = read_member(from, "mgr/format", 16, &format, err);

	if (r == 0 && !str_eq(str_text(&format), PACK_FORMAT "\n"))
		r = err_set(err, EPROTO, "its format is %.*s, this mgr knows " PACK_FORMAT,
			    (int)strcspn(str_text(&format), "\n"), str_text(&format));
	if (r == 0)
		r = read_member(from, "mgr/name", 64, ret, err);
	if (r == 0 && (!ret->len || strchr(ret->text, '\n') != ret->text + ret->len - 1))
		r = err_set(err, EINVAL, "'mgr/name' is not one line");
	return r < 0 ? r : read_member(from, "mgr/config", CONF_FILE_MAX, ret, err);
}

int unpack_head(int archive, struct str *ret, struct err *err)
{
	struct archive *from = archive_read_new();
	int r = from ? unpack_formats(from, err) : err_nomem(err);

	if (r == 0 && archive_read_open_fd(from, archive, 64 << 10) != ARCHIVE_OK)
		r = unpack_say(err, from, "read it", NULL);
	if (r == 0)
		r = read_all(from, ret, err);
	archive_read_free(from);
	return r;
}
