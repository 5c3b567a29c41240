/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The snapshots that a container has. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "life/consumption.h"
#include "life/snapshot.h"
#include "storage/image.h"

#define COMMENT_MAX 65536

static int by_time(const void *a, const void *b)
{
	const struct snapshot *one = a, *other = b;

	if (one->created != other->created)
		return one->created < other->created ? -1 : 1;
	return strcmp(one->name, other->name);
}

/* One whose folder has no config is none. */
static int add(struct snapshots *list, const struct store *store, const char *container, int folder, const char *name,
	       struct err *err)
{
	autofree char *path = str_fmt("%s/%s/" STORE_SNAP "/%s", store->containers, container, name),
		      *config = str_fmt("%s/config", name), *comment = str_fmt("%s/comment", name),
		      *delta = str_fmt("%s/" IMAGE_DELTA, name);
	struct snapshot *v = vec_grow(list->v, list->n, &list->room, sizeof *v);
	uint64_t own;
	struct stat st;
	int r;

	if (v)
		list->v = v;
	if (!v || !path || !config || !comment || !delta)
		return err_nomem(err);
	if (fstatat(folder, config, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, errno, "look at snapshot '%s'", name);
	v += list->n;
	*v = (struct snapshot){ .created = (uint64_t)st.st_mtim.tv_sec * CLOCK_SECOND + (uint64_t)st.st_mtim.tv_nsec };
	if (str_print(v->name, sizeof v->name, "%s", name) < 0)
		return 0;
	file_read_at(folder, comment, COMMENT_MAX, &v->comment, NULL, NULL);
	list->n++;
	r = life_disk_at(path, &v->size, err);
	if (r == 0)
		r = image_own(store, folder, delta, life_disk_at, &own, err);
	v->size += r == 0 ? own : 0;
	return r;
}

int life_snapshots(const struct store *store, const char *name, struct snapshots *ret, struct err *err)
{
	autoclose int container = store_container(store, name, err);
	int fd = container < 0 ? -1 : openat(container, STORE_SNAP, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (container < 0)
		return container;
	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, errno, "list its snapshots");
	while (r == 0 && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			r = add(ret, store, name, fd, e->d_name, err);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_time);
	return r;
}

void snapshots_done(struct snapshots *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].comment);
	free(list->v);
	*list = (struct snapshots){ 0 };
}
