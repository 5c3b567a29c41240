/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run/NAME/assign: what -s said, an assignment a line. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "boot/assign.h"

#define FILE_NAME "assign"
#define FILE_MAX  (1 << 20)

static int write_text(int rundir, const struct str *text, struct err *err)
{
	autoclose int fd = -1;
	int r;

	if (text->failed)
		return err_nomem(err);
	fd = openat(rundir, FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : file_write_all(fd, str_text(text), text->len);
	return r < 0 ? err_sys(err, -r, "write '" FILE_NAME "'") : 0;
}

int boot_keep_assignments(int rundir, const struct strv *assign, struct err *err)
{
	autocall(str_done) struct str text = { 0 };

	if (assign->n == 0)
		return boot_forget_assignments(rundir, err);
	for (size_t i = 0; i < assign->n; i++) {
		if (strchr(assign->v[i], '\n'))
			return err_set(err, EINVAL, "'%s': a value has no line breaks", assign->v[i]);
		str_addf(&text, "%s\n", assign->v[i]);
	}
	return write_text(rundir, &text, err);
}

/* "KEY=..." or "KEY+=..." */
static bool assigns(const char *line, const char *key)
{
	const char *rest = str_starts(line, key) ? line + strlen(key) : "";

	return *rest == '=' || (*rest == '+' && rest[1] == '=');
}

bool boot_assigns(const struct strv *assign, const char *key)
{
	for (size_t i = 0; i < assign->n; i++)
		if (assigns(assign->v[i], key))
			return true;
	return false;
}

int boot_replace_assignments(int rundir, const struct strv *assign, struct err *err)
{
	autocall(str_done) struct str text = { 0 };

	for (size_t i = 0; i < assign->n; i++)
		str_addf(&text, "%s\n", assign->v[i]);
	return text.failed ? err_nomem(err) : file_replace_at(rundir, FILE_NAME, str_text(&text), text.len, 0600, err);
}

int boot_assign_again(int rundir, const char *key, const struct strv *values, struct err *err)
{
	autocall(strv_done) struct strv old = { 0 }, list = { 0 };
	int r = boot_read_assignments(rundir, &old, err), failed = 0;

	for (size_t i = 0; i < old.n; i++)
		if (!assigns(old.v[i], key))
			failed |= strv_add(&list, old.v[i]);
	failed |= strv_addf(&list, "%s=", key);
	for (size_t i = 0; i < values->n; i++)
		failed |= strv_addf(&list, "%s+=%s", key, values->v[i]);
	if (r >= 0 && failed)
		r = err_nomem(err);
	return r < 0 ? r : boot_replace_assignments(rundir, &list, err);
}

/* "net.1.link=br0" */
static bool is_in(const char *line, const char *section)
{
	return str_starts(line, section) && line[strlen(section)] == '.';
}

bool boot_assigns_in(const struct strv *assign, const char *section)
{
	for (size_t i = 0; i < assign->n; i++)
		if (is_in(assign->v[i], section))
			return true;
	return false;
}

const char *boot_assigned_section(const char *line)
{
	return *line == '-' ? line + 1 : NULL;
}

int boot_assign_section(struct strv *assign, const char *section, const struct strv *sets)
{
	struct strv list = { 0 };
	int failed = 0;

	for (size_t i = 0; i < assign->n; i++) {
		const char *of = boot_assigned_section(assign->v[i]);
		if (!is_in(assign->v[i], section) && !(of && str_eq(of, section)))
			failed |= strv_add(&list, assign->v[i]);
	}
	failed |= strv_addf(&list, "-%s", section);
	for (size_t i = 0; sets && i < sets->n; i++)
		failed |= strv_add(&list, sets->v[i]);
	strv_done(failed ? &list : assign);
	if (!failed)
		*assign = list;
	return failed ? -ENOMEM : 0;
}

int boot_read_assignments(int rundir, struct strv *ret, struct err *err)
{
	return file_read_lines_at(rundir, FILE_NAME, FILE_MAX, ret, err);
}

bool boot_has_assignments(int rundir)
{
	return faccessat(rundir, FILE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int boot_forget_assignments(int rundir, struct err *err)
{
	if (unlinkat(rundir, FILE_NAME, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove '" FILE_NAME "'");
	return 0;
}
