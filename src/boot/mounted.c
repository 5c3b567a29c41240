/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot/mounted.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"

#define FILE_NAME "mounted"
#define FILE_MAX  (1 << 20)

/* "ID DEV INO ENTRY": where the entry begins, or NULL. */
static const char *parse(const char *line, struct mounted *ret)
{
	int at = 0;

	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &ret->id, &ret->dev, &ret->ino, &at) < 3 || !at)
		return NULL;
	return line + at;
}

static bool is_of(const char *line, const char *entry)
{
	struct mounted m;
	const char *text = parse(line, &m);

	return text && str_eq(text, entry);
}

static int write_lines(int rundir, const struct strv *lines, const char *without, struct err *err)
{
	autocall(str_done) struct str text = { 0 };

	for (size_t i = 0; i < lines->n; i++)
		if (!without || !is_of(lines->v[i], without))
			str_addf(&text, "%s\n", lines->v[i]);
	return text.failed ? err_nomem(err) : file_replace_at(rundir, FILE_NAME, str_text(&text), text.len, 0600, err);
}

int mounted_add(int rundir, int tree, const char *entry, struct err *err)
{
	autocall(strv_done) struct strv lines = { 0 };
	struct stat st;
	uint64_t id;
	int r = file_read_lines_at(rundir, FILE_NAME, FILE_MAX, &lines, err);

	if (r < 0)
		return r;
	if (sys_mount_id(tree, &id) < 0 || fstat(tree, &st) < 0)
		return err_sys(err, errno, "look at the mount");
	if (strv_addf(&lines, "%" PRIu64 " %ju %ju %s", id, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, entry) < 0)
		return err_nomem(err);
	return write_lines(rundir, &lines, NULL, err);
}

int mounted_find(int rundir, const char *entry, struct mounted *ret, struct err *err)
{
	autocall(strv_done) struct strv lines = { 0 };
	int r = file_read_lines_at(rundir, FILE_NAME, FILE_MAX, &lines, err);

	if (r < 0)
		return r;
	for (size_t i = lines.n; i-- > 0;)
		if (is_of(lines.v[i], entry))
			return parse(lines.v[i], ret) != NULL;
	return 0;
}

int mounted_drop(int rundir, const char *entry, struct err *err)
{
	autocall(strv_done) struct strv lines = { 0 };
	int r = file_read_lines_at(rundir, FILE_NAME, FILE_MAX, &lines, err);

	return r < 0 ? r : write_lines(rundir, &lines, entry, err);
}

int mounted_forget(int rundir, struct err *err)
{
	if (unlinkat(rundir, FILE_NAME, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '" FILE_NAME "'");
	return 0;
}
