/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"

#define RECORD     "undo"
#define RECORD_MAX (1 << 20) /* bytes; a line is some 30 */

int undo_add(int rundir, const char *step, const char *object, struct err *err)
{
	autofree char *line = str_fmt("%s %s\n", step, object);
	autoclose int fd = -1;
	int r;

	if (!line)
		return err_nomem(err);
	if (strpbrk(step, " \n") || strchr(object, '\n'))
		return err_set(err, EINVAL, "undo record: '%s %s' is no line", step, object);
	fd = openat(rundir, RECORD, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(err, errno, "open the undo record");
	r = file_write_all(fd, line, strlen(line));
	return r < 0 ? err_sys(err, -r, "write the undo record") : 0;
}

static int run_line(char *line, undo_fn *fn, void *data, struct err *err)
{
	char *object = strchr(line, ' ');

	if (!object)
		return err_set(err, EBADMSG, "'%s' is no line of a record", line);
	*object++ = '\0';
	return fn(data, line, object, err);
}

/* For messages. */
static void name_record(int rundir, char *path, size_t size)
{
	char link[32];
	ssize_t n;

	str_print(link, sizeof link, "/proc/self/fd/%d", rundir);
	n = readlink(link, path, size - sizeof "/" RECORD);
	str_print(path + (n > 0 ? n : 0), sizeof "/" RECORD, "/" RECORD);
}

int undo_run(int rundir, undo_fn *fn, void *data, struct err *err)
{
	autofree char *text = NULL;
	char *end, path[512];
	size_t n;
	int r = file_read_at(rundir, RECORD, RECORD_MAX, &text, &n, err);

	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	name_record(rundir, path, sizeof path);
	if (r < 0)
		return err_wrap(err, "%s", path);
	for (size_t i = 0; i < n; i++) /* what follows one must be read too */
		text[i] = text[i] ? text[i] : '?';
	end = strrchr(text, '\n');
	while (end) {
		*end = '\0';
		char *before = strrchr(text, '\n');
		struct err one = { 0 };
		int failed = run_line(before ? before + 1 : text, fn, data, &one);
		if (failed == -EBADMSG) /* nothing of ours: no reason to hold the container up for good */
			log_warn("%s: %s: passed over", path, one.msg);
		else if (failed < 0 && r == 0) {
			r = failed;
			if (err)
				*err = one;
		}
		end = before;
	}
	if (r == 0 && unlinkat(rundir, RECORD, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the undo record");
	return r;
}

/* Whether the line is to stay. */
static bool stays(const char *whole, undo_which *which, undo_fn *fn, void *data, struct err *first)
{
	autofree char *line = strdup(whole);
	char *object = line ? strchr(line, ' ') : NULL;
	struct err err = { 0 };

	if (!object)
		return true;
	*object++ = '\0';
	if (!which(data, line, object))
		return true;
	if (fn(data, line, object, &err) >= 0)
		return false;
	if (!first->code)
		*first = err;
	return true;
}

/* What was cut short when its writer died is no line. */
static int split_lines(char *text, size_t n, struct strv *ret, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : '?';
	for (char *end; (end = strchr(text, '\n')); text = end + 1) {
		*end = '\0';
		if (strv_add(ret, text) < 0)
			return err_nomem(err);
	}
	return 0;
}

/* The lines that are left; what was cut short goes too: the next line would be written behind it. */
static int keep_lines(int rundir, const struct strv *lines, size_t was, struct err *err)
{
	autocall(str_done) struct str left = { 0 };

	for (size_t i = 0; i < lines->n; i++)
		if (*lines->v[i])
			str_addf(&left, "%s\n", lines->v[i]);
	if (left.failed)
		return err_nomem(err);
	return left.len == was ? 0 : file_replace_at(rundir, RECORD, str_text(&left), left.len, 0600, err);
}

int undo_some(int rundir, undo_which *which, undo_fn *fn, void *data, struct err *err)
{
	autocall(strv_done) struct strv lines = { 0 };
	autofree char *text = NULL;
	struct err first = { 0 };
	size_t n;
	int r = file_read_at(rundir, RECORD, RECORD_MAX, &text, &n, err);

	if (r == -ENOENT)
		err_clear(err);
	if (r >= 0)
		r = split_lines(text, n, &lines, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = lines.n; i-- > 0;)
		if (!stays(lines.v[i], which, fn, data, &first))
			*lines.v[i] = '\0';
	r = keep_lines(rundir, &lines, n, err);
	if (r >= 0 && first.code && err)
		*err = first;
	return r < 0 ? r : -first.code;
}

int undo_find(int rundir, const char *step, char *ret, size_t size, struct err *err)
{
	autofree char *text = NULL;
	char *save = NULL;
	int r = file_read_at(rundir, RECORD, RECORD_MAX, &text, NULL, err), found = 0;

	if (r == -ENOENT)
		err_clear(err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t n = strlen(step);
		if (str_starts(line, step) && line[n] == ' ' && str_print(ret, size, "%s", line + n + 1) == 0)
			found = 1;
	}
	return found;
}
