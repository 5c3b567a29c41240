/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/log_files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"
#include "base/str.h"

struct files {
	int home;           /* the container's folder of logs */
	int folder;         /* where this one is */
	char *file, *older; /* in the folder */
	int fd;             /* what is read now; -1 */
	log_files_fn *fn;
	void *data;
};

static void files_done(struct files *f)
{
	if (f->home >= 0)
		close(f->home);
	if (f->folder >= 0)
		close(f->folder);
	if (f->fd >= 0)
		close(f->fd);
	free(f->file);
	free(f->older);
}

/* console.logfile: the log may be a link to where it is. */
static int find(struct files *f, const char *file, struct err *err)
{
	autofree char *target = NULL;
	const char *base = file;
	char *slash;

	if (path_readlink_in_root(f->home, file, &target, NULL) == 0 && (slash = strrchr(target, '/'))) {
		*slash = '\0';
		base = slash + 1;
		int folder = open(slash == target ? "/" : target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (folder < 0)
			return err_sys(err, errno, "open the folder '%s'", target);
		f->folder = folder;
	} else {
		f->folder = fcntl(f->home, F_DUPFD_CLOEXEC, 0);
	}
	f->file = strdup(base);
	f->older = str_fmt("%s.1", base);
	return f->file && f->older ? 0 : err_nomem(err);
}

static int open_in(const struct files *f, const char *name)
{
	return openat(f->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is what the name stands for now what fd has open? */
static bool is_open(const struct files *f, const char *name, int fd)
{
	struct stat there, here;

	return fstatat(f->folder, name, &there, 0) == 0 && fstat(fd, &here) == 0 && is_same(&there, &here);
}

static int read_all(struct files *f, int fd, struct err *err)
{
	char bytes[16384];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof bytes)) != 0) {
		if (n > 0)
			f->fn(f->data, bytes, (size_t)n);
		else if (errno != EINTR)
			return err_sys(err, errno, "read the log");
	}
	return 0;
}

/* The older part and the beginning, without a move between the two openings. */
static int read_first(struct files *f, struct err *err)
{
	autoclose int older = -1;

	for (;;) {
		f->fd = open_in(f, f->file);
		older = open_in(f, f->older);
		if (f->fd < 0 || older < 0 || !is_open(f, f->older, f->fd))
			break;
		close(steal_fd(&older));
		close(steal_fd(&f->fd));
	}
	int r = older >= 0 ? read_all(f, older, err) : 0;

	return r < 0 || f->fd < 0 ? r : read_all(f, f->fd, err);
}

/* What is new, in this file and those that came after it. */
static int read_on(struct files *f, struct err *err)
{
	int r = f->fd >= 0 ? read_all(f, f->fd, err) : 0;

	while (r == 0 && (f->fd < 0 || !is_open(f, f->file, f->fd))) {
		autoclose int next = open_in(f, f->file), between = -1;
		if (next < 0)
			return 0;
		if (f->fd >= 0 && !is_open(f, f->older, f->fd)) /* two moves since: this one came and went */
			between = open_in(f, f->older);
		if (f->fd >= 0) {
			r = read_all(f, f->fd, err); /* what was added before the move */
			close(f->fd);
		}
		if (r == 0 && between >= 0)
			r = read_all(f, between, err);
		f->fd = steal_fd(&next);
		if (r == 0)
			r = read_all(f, f->fd, err);
	}
	return r;
}

/* They say only that something has changed. */
static void drain(int events)
{
	char bytes[4096];

	while (read(events, bytes, sizeof bytes) > 0)
		;
}

static bool is_gone(int folder)
{
	struct stat st;

	return fstat(folder, &st) < 0 || st.st_nlink == 0;
}

static int follow(struct files *f, int events, struct err *err)
{
	struct pollfd p[2] = { { .fd = events, .events = POLLIN }, { .fd = STDOUT_FILENO } };

	for (;;) {
		f->fn(f->data, "", 0);
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_sys(err, errno, "wait for the log");
		if (p[1].revents & (POLLERR | POLLHUP))
			return 0;
		drain(events);
		int r = read_on(f, err);
		if (r < 0 || is_gone(f->home))
			return r;
	}
}

/* The folder's own end is an event of the one above: while we have it open there is none of its own (inotify(7)). */
static int watch(const struct files *f, const char *above, struct err *err)
{
	autoclose int events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", f->folder);
	if (events < 0 || inotify_add_watch(events, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0 ||
	    inotify_add_watch(events, above, IN_DELETE | IN_ONLYDIR) < 0)
		return err_sys(err, errno, "watch the log's folder");
	return steal_fd(&events);
}

int log_files_read(const struct store *store, const char *name, const char *file, bool follows, log_files_fn *fn, void *data,
		   struct err *err)
{
	autocall(files_done) struct files f = { .home = -1, .folder = -1, .fd = -1, .fn = fn, .data = data };
	autoclose int events = -1;
	int r;

	f.home = store_log_folder(store, name, follows, err);
	if (f.home == -ENOENT && !follows) {
		err_clear(err);
		return 0;
	}
	r = f.home < 0 ? f.home : find(&f, file, err);
	if (r == 0 && follows)
		r = events = watch(&f, store->log, err);
	if (r >= 0)
		r = read_first(&f, err);
	return r == 0 && follows ? follow(&f, events, err) : r;
}
