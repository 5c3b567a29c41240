/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
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
		return err_set(err, EBADMSG, "undo record: '%s' is no line", line);
	*object++ = '\0';
	return fn(data, line, object, err);
}

int undo_run(int rundir, undo_fn *fn, void *data, struct err *err)
{
	autofree char *text = NULL;
	char *end;
	int r = file_read_at(rundir, RECORD, RECORD_MAX, &text, NULL, err);

	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	end = strrchr(text, '\n');
	while (end) {
		*end = '\0';
		char *before = strrchr(text, '\n');
		struct err one = { 0 };
		int failed = run_line(before ? before + 1 : text, fn, data, &one);
		if (failed < 0 && r == 0) {
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
