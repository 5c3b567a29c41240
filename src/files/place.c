/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where things go, as with cp: into a folder that is there, else under the name that was given. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"
#include "files/internal.h"

#define LINKS_MOST 40 /* in a row, as the kernel has it (path_resolution(7)) */

static int make_folders(const struct files_base *base, const char *path, struct err *err)
{
	int r;

	if (base->inside)
		return path_mkdirs_in_root(base->root, path, 0755, err);
	r = file_mkdirs_at(base->root, path, 0777, err);
	if (r == 0)
		r = base_open(base, path, O_PATH | O_DIRECTORY);
	return r < 0 && !err->code ? err_sys(err, -r, "open folder '%s'", path) : r;
}

/* Splits a path at its last component; trailing slashes do not count. */
static int split(const char *path, char **ret_folder, char **ret_name, struct err *err)
{
	size_t end = strlen(path), at;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (at = end; at > 0 && path[at - 1] != '/';)
		at--;
	*ret_name = strndup(path + at, end - at);
	while (at > 1 && path[at - 1] == '/')
		at--;
	*ret_folder = at ? strndup(path, at) : strdup(".");
	return *ret_name && *ret_folder ? 0 : err_nomem(err);
}

/* The target of a symlink in the folder; NULL in *ret when the name is no symlink. */
static int read_link(int folder, const char *name, char **ret, struct err *err)
{
	char target[PATH_LINK_LONGEST];
	ssize_t n = readlinkat(folder, name, target, sizeof target);

	*ret = NULL;
	if (n < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : err_sys(err, errno, "read the link '%s'", name);
	*ret = strndup(target, (size_t)n);
	return *ret ? 0 : err_nomem(err);
}

/* One look at the path: the folder and the name in it, or what the symlink there says instead (in *ret_next). */
static int step(const struct files_target *t, const char *path, struct place *ret, char **ret_next, struct err *err)
{
	autofree char *folder = NULL, *name = NULL, *target = NULL;
	autoclose int fd = -1;
	int r = split(path, &folder, &name, err);

	if (r < 0)
		return r;
	if (!name[0] || str_eq(name, ".") || str_eq(name, ".."))
		return err_set(err, ENOENT, "no such folder '%s'", path);
	fd = base_open(&t->base, folder, O_PATH | O_DIRECTORY);
	if (fd == -ENOENT && t->create)
		fd = make_folders(&t->base, folder, err);
	else if (fd == -ENOENT)
		return err_set(err, ENOENT, "no such folder '%s'", folder);
	else if (fd < 0)
		return err_sys(err, -fd, "open folder '%s'", folder);
	if (fd < 0)
		return fd;
	r = read_link(fd, name, &target, err);
	if (r < 0)
		return r;
	if (target) {
		*ret_next = target[0] == '/' ? strdup(target) : str_fmt("%s/%s", folder, target);
		return *ret_next ? 0 : err_nomem(err);
	}
	ret->folder = steal_fd(&fd);
	ret->name = steal_ptr(&name);
	return 0;
}

/* The path itself is what is made; a symlink there leads on to what it names. */
static int place_itself(const struct files_target *t, struct place *ret, struct err *err)
{
	autofree char *path = strdup(t->path);

	if (!path)
		return err_nomem(err);
	for (int i = 0; i < LINKS_MOST; i++) {
		char *next = NULL;
		int r = step(t, path, ret, &next, err);
		if (r < 0 || !next)
			return r;
		free(path);
		path = next;
	}
	return err_sys(err, ELOOP, "follow '%s'", t->path);
}

static int check_replaceable(const struct files_target *t, mode_t there, bool is_folder, struct err *err)
{
	if (t->folder || is_folder)
		return err_set(err, ENOTDIR, "'%s' is not a folder", t->path);
	if (!S_ISREG(there))
		return err_set(err, EINVAL, "'%s' is neither file nor folder: it is left alone", t->path);
	return 0;
}

int place_find(const struct files_target *t, const char *name, bool is_folder, struct place *ret, struct err *err)
{
	bool wants_folder = t->folder || (str_ends(t->path, "/") && !is_folder);
	autoclose int fd = base_open(&t->base, t->path, O_PATH);
	struct stat st;

	*ret = (struct place){ .folder = -1 };
	if (fd == -ENOENT && wants_folder) {
		if (!t->create)
			return err_set(err, ENOENT, "no such folder '%s'", t->path);
		fd = make_folders(&t->base, t->path, err);
		if (fd < 0)
			return fd;
	}
	if (fd == -ENOENT)
		return place_itself(t, ret, err);
	if (fd < 0)
		return err_sys(err, -fd, "open '%s'", t->path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "look at '%s'", t->path);
	if (!S_ISDIR(st.st_mode))
		return check_replaceable(t, st.st_mode, is_folder, err) < 0 ? -err->code : place_itself(t, ret, err);
	if (!name[0] && !is_folder)
		return err_set(err, EISDIR, "'%s' is a folder: what comes has no name, give it one", t->path);
	ret->name = strdup(name);
	if (!ret->name)
		return err_nomem(err);
	ret->folder = steal_fd(&fd);
	ret->into = true;
	return 0;
}

void place_done(struct place *p)
{
	if (p->folder >= 0)
		close(p->folder);
	free(p->name);
	*p = (struct place){ .folder = -1 };
}
