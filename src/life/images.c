/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/images.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "life/consumption.h"

#define BASE       IMAGE_DELTA "/" IMAGE_BASE
#define USERS_TOLD 8

const struct image *life_image_find(const struct images *list, const char *word, struct err *err)
{
	const struct image *found = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct image *image = &list->v[i];
		if (str_eq(image->id, word) || strv_has(&image->keys, word))
			return image;
		if (!*word || !str_starts(image->id, word))
			continue;
		if (found) {
			err_set(err, EINVAL, "'%s' begins the name of more than one image", word);
			return NULL;
		}
		found = image;
	}
	if (!found)
		err_set(err, ENOENT, "there is no image '%s'", word);
	return found;
}

struct search {
	const struct image *image;
	struct strv *users;
	uint64_t found;
};

static bool stands_on(int folder, const char *link, const struct image *image)
{
	struct stat st;

	return fstatat(folder, link, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == image->file;
}

static int look_at_snapshots(struct search *s, int container, const char *name)
{
	int fd = openat(container, STORE_SNAP, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	autoclosedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	while (dir && r == 0 && (e = readdir(dir))) {
		autofree char *link = e->d_name[0] == '.' ? NULL : str_fmt("%s/" BASE, e->d_name);
		if (!link || !stands_on(fd, link, s->image))
			continue;
		s->found++;
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
	if (stands_on(container, BASE, s->image)) {
		s->found++;
		r = strv_add(s->users, name);
	}
	return r < 0 ? r : look_at_snapshots(s, container, name);
}

int life_image_users(const struct store *store, const struct images *list, const struct image *image, struct strv *ret,
		     struct err *err)
{
	struct search s = { .image = image, .users = ret };
	autocall(strv_done) struct strv names = { 0 };
	int r = store_list(store, &names, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = look_at(&s, store, names.v[i]);
	for (size_t i = 0; i < list->n && r == 0; i++)
		if (str_eq(list->v[i].base, image->id)) {
			s.found++;
			r = strv_add(ret, list->v[i].id);
		}
	if (r == 0 && s.found < image->users)
		r = strv_addf(ret, "%llu being made or removed", (unsigned long long)(image->users - s.found));
	return r < 0 ? err_nomem(err) : 0;
}

int life_image_size(const struct store *store, const struct image *image, uint64_t *ret, struct err *err)
{
	autofree char *path = image_path(store, image->id);

	return path ? life_disk_at(path, ret, err) : err_nomem(err);
}

static int refuse(const struct store *store, const struct images *list, const struct image *image, struct err *err)
{
	autocall(strv_done) struct strv users = { 0 };
	autocall(str_done) struct str text = { 0 };
	int r = life_image_users(store, list, image, &users, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < users.n && i < USERS_TOLD; i++)
		str_addf(&text, "%s%s", i ? ", " : "", users.v[i]);
	if (users.n > USERS_TOLD)
		str_addf(&text, " and %zu more", users.n - USERS_TOLD);
	return err_set(err, EBUSY, "it is in use by %s", users.n ? str_text(&text) : "another command");
}

int life_image_remove(const struct store *store, const char *word, struct err *err)
{
	autocall(images_done) struct images list = { 0 };
	const struct image *image;
	int r = image_list(store, &list, err);

	image = r < 0 ? NULL : life_image_find(&list, word, err);
	if (!image)
		return -err->code;
	r = image_remove(store, image->id, err);
	return r == -EBUSY ? refuse(store, &list, image, err) : r;
}

/* One that others stand on may be free when they have gone: how many have. */
static int prune_once(const struct store *store, struct strv *ret, struct err *err)
{
	autocall(images_done) struct images list = { 0 };
	int r = image_list(store, &list, err), n = 0;

	for (size_t i = 0; i < list.n && r == 0; i++) {
		if (list.v[i].users)
			continue;
		r = image_remove(store, list.v[i].id, err);
		if (r == -EBUSY || r == -ENOENT) { /* meanwhile */
			err_clear(err);
			r = 0;
			continue;
		}
		n++;
		if (r == 0 && strv_add(ret, list.v[i].id) < 0)
			r = err_nomem(err);
	}
	return r < 0 ? r : n;
}

int life_images_prune(const struct store *store, struct strv *ret, struct err *err)
{
	int r = image_sweep(store, err);

	if (r == 0)
		do
			r = prune_once(store, ret, err);
		while (r > 0);
	return r;
}
