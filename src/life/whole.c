/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Nobody's until it is linked; some file systems do not know that. */
static int open_nameless(const char *path)
{
	autofree char *folder = folder_of(path);
	int fd = folder ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600) : -1;

	return fd < 0 ? folder ? -errno : -ENOMEM : fd;
}

int whole_open(struct whole *w, const char *path, struct err *err)
{
	struct stat st;

	*w = (struct whole){ .fd = -1, .path = path };
	w->direct = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
	if (w->direct)
		w->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	else
		w->fd = open_nameless(path);
	if (w->fd == -EOPNOTSUPP || w->fd == -EISDIR) {
		w->made = str_fmt("%s.XXXXXX", path);
		w->fd = w->made ? mkostemp(w->made, O_CLOEXEC) : -1;
	}
	if (w->fd < 0)
		return err_sys(err, w->fd < -1 ? -w->fd : errno, "make '%s'", path);
	return 0;
}

/* A name of its own first: link(2) replaces nothing. */
static int give_name(struct whole *w)
{
	autofree char *link = str_fmt("/proc/self/fd/%d", w->fd);

	if (w->made)
		return 0;
	w->made = str_fmt("%s.%d.new", w->path, (int)getpid());
	if (!link || !w->made)
		return -ENOMEM;
	unlink(w->made);
	return linkat(AT_FDCWD, link, AT_FDCWD, w->made, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int whole_commit(struct whole *w, struct err *err)
{
	int r = 0;

	if (w->direct)
		return 0;
	if (fsync(w->fd) < 0)
		r = -errno;
	if (r == 0)
		r = give_name(w);
	if (r == 0 && rename(w->made, w->path) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, -r, "make '%s'", w->path);
	free(w->made);
	w->made = NULL;
	return 0;
}

void whole_done(struct whole *w)
{
	if (w->made)
		unlink(w->made);
	free(w->made);
	if (w->fd >= 0)
		close(w->fd);
	*w = (struct whole){ .fd = -1 };
}
