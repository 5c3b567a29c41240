/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define RECORD "sysctl" /* a line each: KEY OLD NEW */

static int read_value(const char *key, char *buf, size_t size, struct err *err)
{
	autofree char *path = str_fmt("/proc/sys/%s", key);

	return path ? file_read_small_at(AT_FDCWD, path, buf, size, err) : err_nomem(err);
}

static int write_value(const char *key, const char *value, struct err *err)
{
	autofree char *path = str_fmt("/proc/sys/%s", key);

	return path ? file_write_at(AT_FDCWD, path, value, err) : err_nomem(err);
}

static int record(int dir, const char *key, const char *old, const char *value, struct err *err)
{
	autofree char *line = str_fmt("%s %s %s\n", key, old, value);
	autoclose int fd = openat(dir, RECORD, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (!line)
		return err_nomem(err);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", RECORD);
	r = file_write_all(fd, line, strlen(line));
	return r < 0 ? err_sys(err, -r, "write '%s'", RECORD) : 0;
}

int sysctl_set(int dir, const char *key, const char *value, struct err *err)
{
	char old[32];
	int r = read_value(key, old, sizeof old, err);

	if (r >= 0 && str_eq(old, value))
		return 0;
	if (r >= 0)
		r = record(dir, key, old, value, err);
	if (r >= 0)
		r = write_value(key, value, err);
	return r < 0 ? err_wrap(err, "set '%s' to %s", key, value) : 0;
}

int sysctl_set_own(const char *interface, const char *family, const char *key, const char *value, struct err *err)
{
	autofree char *path = str_fmt("net/%s/conf/%s/%s", family, interface, key);
	int r;

	if (!path)
		return err_nomem(err);
	r = write_value(path, value, err);
	if (r == -ENOENT) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? err_wrap(err, "set '%s' to %s", path, value) : 0;
}

static void restore(const char *line)
{
	char key[96], old[32], value[32], now[32];

	if (sscanf(line, "%95s %31s %31s", key, old, value) != 3 || strstr(key, ".."))
		return;
	if (read_value(key, now, sizeof now, NULL) >= 0 && str_eq(now, value))
		write_value(key, old, NULL);
}

void sysctl_restore(int dir)
{
	autofree char *text = NULL;
	char *rest, *line;

	if (file_read_at(dir, RECORD, 65536, &text, NULL, NULL) < 0)
		return;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		restore(line);
	unlinkat(dir, RECORD, 0);
}
