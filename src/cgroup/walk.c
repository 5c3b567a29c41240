/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every folder below one: a guest makes them as deep as it likes, so without recursion or a descriptor a level. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgroup/internal.h"

/* Where the walk goes on in each of the folders above. */
struct places {
	long *v;
	size_t n, room;
};

static void places_done(struct places *p)
{
	free(p->v);
}

static int remember(struct places *p, long place)
{
	if (p->n == p->room) {
		size_t room = p->room ? p->room * 2 : 16;
		long *v = realloc(p->v, room * sizeof *v);
		if (!v)
			return -ENOMEM;
		p->v = v;
		p->room = room;
	}
	p->v[p->n++] = place;
	return 0;
}

/* 0, -ENOENT, -errno. */
static int open_list(int dir, const char *name, DIR **ret)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	*ret = fd < 0 ? NULL : fdopendir(fd);
	if (*ret)
		return 0;
	int code = errno;
	if (fd >= 0)
		close(fd);
	return -code;
}

/* The next folder in this one, *ret NULL at the end. */
static int next_folder(DIR *at, DIR **ret)
{
	struct dirent *e;

	*ret = NULL;
	while ((e = readdir(at))) {
		if (e->d_type != DT_DIR || str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		int r = open_list(dirfd(at), e->d_name, ret);
		if (r != -ENOENT)
			return r;
	}
	return 0;
}

/* Into the next folder, out of this one when there is none: *ret. 1, 0, or -errno. */
static int step(DIR *at, struct places *left, DIR **ret)
{
	int r = next_folder(at, ret);

	if (r < 0)
		return r;
	if (*ret)
		return remember(left, telldir(at)) < 0 ? -ENOMEM : 1;
	if (left->n == 0)
		return 0;
	r = open_list(dirfd(at), "..", ret);
	if (r == 0)
		seekdir(*ret, left->v[--left->n]);
	return r;
}

int cgroup_walk(int dir, int (*fn)(void *data, int dir), void *data)
{
	autocall(places_done) struct places left = { 0 };
	autoclosedir DIR *at = NULL;
	struct stat st;
	int r = fn(data, dir);

	if (r != 0 || fstat(dir, &st) < 0 || st.st_nlink <= 2) /* a folder of kernfs has a link for each in it, and two */
		return r;
	r = open_list(dir, ".", &at);
	if (r == -ENOENT)
		return 0;
	while (at && r >= 0) {
		DIR *to;
		r = step(at, &left, &to);
		closedir(at);
		at = to;
		r = r > 0 ? fn(data, dirfd(at)) : r;
		if (r > 0)
			return r;
	}
	return r;
}
