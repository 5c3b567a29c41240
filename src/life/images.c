/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/images.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "life/consumption.h"

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

int life_image_size(const struct store *store, const struct image *image, uint64_t *ret, struct err *err)
{
	autofree char *path = image_path(store, image->id);

	return path ? life_disk_at(path, ret, err) : err_nomem(err);
}

static int refuse(const struct store *store, const struct images *list, const struct image *image, struct err *err)
{
	autocall(strv_done) struct strv users = { 0 };
	autocall(str_done) struct str text = { 0 };
	int r = image_users(store, list, image, &users, err);

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
