/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [include] path: another file, or every *.conf of a folder, read where the line stands. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "conf/internal.h"

#define DEPTH_MAX 16

/* Relative to the folder of the file that the line stands in. NULL with err. */
static char *absolute(const char *from, const char *path, struct err *err)
{
	const char *slash = from ? strrchr(from, '/') : NULL;
	char *ret;

	if (path[0] != '/' && !from) {
		err_set(err, EINVAL, "'%s' is not an absolute path", path);
		return NULL;
	}
	ret = path[0] == '/' || !slash ? strdup(path) : str_fmt("%.*s/%s", (int)(slash - from), from, path);
	if (!ret)
		err_nomem(err);
	return ret;
}

/* What it says decides about the host: nobody but root may write it. */
static int check(const struct stat *st, const char *path, const struct include *up, struct err *err)
{
	unsigned depth = 0;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return err_set(err, EINVAL, "'%s' is neither a file nor a folder", path);
	if (st->st_uid != 0 || st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, EPERM, "others than root can write '%s': chown root:root and chmod go-w it", path);
	for (; up && up->ino; up = up->up, depth++)
		if (up->dev == st->st_dev && up->ino == st->st_ino)
			return err_set(err, ELOOP, "'%s' includes itself", path);
	return depth < DEPTH_MAX ? 0 : err_set(err, ELOOP, "'%s' is included through more than %d files", path, DEPTH_MAX);
}

static int read_file(const struct schema *schema, void *conf, int fd, const char *path, const struct include *up,
		     struct err *err)
{
	autofree char *text = NULL;
	struct include own = { .up = up, .wrong = up ? up->wrong : NULL, .data = up ? up->data : NULL };
	char link[32];
	struct stat st;
	size_t len;
	int r = fstat(fd, &st) < 0 ? err_sys(err, errno, "look at '%s'", path) : check(&st, path, up, err);

	if (r == 0 && !S_ISREG(st.st_mode))
		r = err_set(err, EINVAL, "'%s' is not a file", path);
	if (r < 0)
		return r;
	own.dev = st.st_dev;
	own.ino = st.st_ino;
	str_print(link, sizeof link, "/proc/self/fd/%d", fd);
	r = file_read_at(AT_FDCWD, link, CONF_FILE_MAX, &text, &len, err);
	return r < 0 ? err_wrap(err, "'%s'", path) : conf_load_included(schema, conf, path, text, len, &own, err);
}

static int is_conf(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && str_eq(dot, ".conf");
}

static int read_folder(const struct schema *schema, void *conf, int fd, const char *path, const struct include *up,
		       struct err *err)
{
	struct dirent **entries = NULL;
	int n = scandirat(fd, ".", &entries, is_conf, alphasort), r = 0;

	if (n < 0)
		return err_sys(err, errno, "list '%s'", path);
	for (int i = 0; i < n; i++) {
		autofree char *name = r < 0 ? NULL : str_fmt("%s/%s", path, entries[i]->d_name);
		autoclose int file = r < 0 ? -1 : openat(fd, entries[i]->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (r == 0)
			r = file < 0 ? err_sys(err, errno, "open '%s'", entries[i]->d_name)
			    : !name  ? err_nomem(err)
				     : read_file(schema, conf, file, name, up, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int conf_include(const struct schema *schema, void *conf, const char *from, const char *value, const struct include *up,
		 struct err *err)
{
	struct err own = { 0 };
	autofree char *path = absolute(from, value, err = err ? err : &own);
	autoclose int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	struct stat st;

	if (!path)
		return -err->code;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "'%s'", path);
	if (check(&st, path, up, err) < 0)
		return -err->code;
	return (S_ISDIR(st.st_mode) ? read_folder : read_file)(schema, conf, fd, path, up, err);
}

/* Where it is written it is followed; nothing of it is left to print but the line itself. */
static const struct key keys[] = {
	{ .name = "path",
	  .type = &key_strings,
	  .flags = KEY_LIST | KEY_INCLUDE,
	  .help = "Read this file here, or every *.conf of this folder; relative to the folder of this one." },
	{ 0 },
};

const struct section conf_include_section = { .name = "include", .keys = keys };
