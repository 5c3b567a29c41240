/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "netd/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define RECORD   "sysctl" /* a line each: KEY OLD NEW */
#define FORWARD6 "net/ipv6/conf/all/forwarding"

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

/* What forwarding for all sets for each too: it is to be as it was when that ends, and so after it in the record. */
static int keep_forwarding(int dir, const char *interface, struct err *err)
{
	autofree char *key = str_fmt("net/ipv6/conf/%s/forwarding", interface);
	char is[32];

	if (!key)
		return err_nomem(err);
	if (read_value(key, is, sizeof is, NULL) < 0 || !str_eq(is, "1"))
		return 0;
	return record(dir, key, "1", "0", err);
}

static int keep_advertisements(int dir, const char *interface, struct err *err)
{
	autofree char *key = str_fmt("net/ipv6/conf/%s/accept_ra", interface);
	char is[32];

	if (!key)
		return err_nomem(err);
	if (read_value(key, is, sizeof is, NULL) < 0)
		return 0;
	if (str_eq(is, "2")) /* as it is to stay: those that come later have it of us */
		return record(dir, key, is, is, err);
	return str_eq(is, "1") ? sysctl_set(dir, key, "2", err) : 0;
}

static int each_interface(int dir, const char *own, int (*fn)(int dir, const char *interface, struct err *err),
			  struct err *err)
{
	autoclosedir DIR *all = opendir("/proc/sys/net/ipv6/conf");
	const struct dirent *e;
	int r = 0;

	while (all && r >= 0 && (e = readdir(all)))
		if (e->d_name[0] != '.' && !str_eq(e->d_name, "all") && !str_eq(e->d_name, own))
			r = fn(dir, e->d_name, err);
	return r;
}

int sysctl_forward6(int dir, const char *own, struct err *err)
{
	char is[32];
	int r = read_value(FORWARD6, is, sizeof is, err);

	if (r < 0 || str_eq(is, "1"))
		return r < 0 ? r : 0;
	r = each_interface(dir, own, keep_advertisements, err);
	if (r >= 0)
		r = record(dir, FORWARD6, is, "1", err);
	if (r >= 0)
		r = each_interface(dir, own, keep_forwarding, err);
	return r < 0 ? r : write_value(FORWARD6, "1", err);
}

static void restore(const char *line)
{
	char key[96], old[32], value[32], now[32];

	if (sscanf(line, "%95s %31s %31s", key, old, value) != 3 || strstr(key, ".."))
		return;
	if (read_value(key, now, sizeof now, NULL) >= 0 && str_eq(now, value))
		write_value(key, old, NULL);
}

/* What has come meanwhile began with what the key "default" said: it gets that key's old value. */
static void restore_later(const char *text)
{
	const char *line = strstr(text, "net/ipv6/conf/default/accept_ra 1 2\n");
	autoclosedir DIR *all = line ? opendir("/proc/sys/net/ipv6/conf") : NULL;
	const struct dirent *e;

	while (all && (e = readdir(all))) {
		autofree char *key = str_fmt("net/ipv6/conf/%s/accept_ra ", e->d_name);
		char now[32];
		if (!key || e->d_name[0] == '.' || strstr(text, key))
			continue;
		key[strlen(key) - 1] = '\0';
		if (read_value(key, now, sizeof now, NULL) >= 0 && str_eq(now, "2"))
			write_value(key, "1", NULL);
	}
}

void sysctl_restore(int dir)
{
	autofree char *text = NULL;
	char *rest, *line;

	if (file_read_at(dir, RECORD, 65536, &text, NULL, NULL) < 0)
		return;
	restore_later(text);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		restore(line);
	unlinkat(dir, RECORD, 0);
}
