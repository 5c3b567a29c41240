/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who stands on an image. How many do its links say; that nobody does is believed only when no file says so either: a backup
 * that does not know of links makes a file of each. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "storage/image_internal.h"

#define BASE IMAGE_DELTA "/" IMAGE_BASE

struct search {
	const struct image *image;
	struct strv *users;
	uint64_t found; /* of its links */
};

static bool stands_on(struct search *s, int folder, const char *link)
{
	char id[IMAGE_ID_SIZE];
	struct stat st;

	if (fstatat(folder, link, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (st.st_ino == s->image->file)
		return ++s->found;
	return image_read(folder, link, id, NULL) > 0 && str_eq(id, s->image->id);
}

static int look_at_snapshots(struct search *s, int container, const char *name)
{
	int fd = openat(container, STORE_SNAP, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	while (dir && r == 0 && (e = readdir(dir))) {
		autofree char *link = str_fmt("%s/" BASE, e->d_name);
		if (!link)
			return -ENOMEM;
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, "..") && stands_on(s, fd, link))
			r = strv_addf(s->users, "%s (snapshot %s)", name, e->d_name);
	}
	return r;
}

static int look_at(struct search *s, const struct store *store, const char *name)
{
	autoclose int container = store_container(store, name, NULL);
	int r = 0;

	if (container < 0) /* it has just gone */
		return 0;
	if (stands_on(s, container, BASE))
		r = strv_add(s->users, name);
	return r < 0 ? r : look_at_snapshots(s, container, name);
}

static int look_at_all(struct search *s, const struct store *store, const struct images *list, struct err *err)
{
	autocall(strv_done) struct strv names = { 0 };
	int r = store_list(store, &names, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = look_at(s, store, names.v[i]);
	for (size_t i = 0; i < list->n && r == 0; i++)
		if (str_eq(list->v[i].base, s->image->id)) {
			s->found++;
			r = strv_add(s->users, list->v[i].id);
		}
	return r < 0 ? err_nomem(err) : 0;
}

int image_users(const struct store *store, const struct images *list, const struct image *image, struct strv *ret,
		struct err *err)
{
	struct search s = { .image = image, .users = ret };
	int r = look_at_all(&s, store, list, err);

	if (r == 0 && s.found < image->users &&
	    strv_addf(ret, "%" PRIu64 " being made or removed", image->users - s.found) < 0)
		r = err_nomem(err);
	return r;
}

int image_check_unused(const struct store *store, const char *id, struct err *err)
{
	autocall(images_done) struct images list = { 0 };
	autocall(strv_done) struct strv users = { 0 };
	int r = image_list(store, &list, err);

	for (size_t i = 0; i < list.n && r == 0; i++)
		if (str_eq(list.v[i].id, id))
			r = image_users(store, &list, &list.v[i], &users, err);
	return r == 0 && users.n ? err_set(err, EBUSY, "image '%s' is in use", id) : r;
}
