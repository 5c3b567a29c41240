/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images, by the words that users have for them, and who stands on each. */
#ifndef MGR_LIFE_IMAGES_H
#define MGR_LIFE_IMAGES_H

#include "base/err.h"
#include "base/str.h"
#include "storage/image.h"

/* The one that a user means: by its ID, a beginning of that, or what a template calls it. NULL: none (-ENOENT), or several
 * (-EINVAL). It is one of the list's. */
const struct image *life_image_find(const struct images *list, const char *word, struct err *err);
/* Bytes that it takes. Every file is looked at. */
int life_image_size(const struct store *store, const struct image *image, uint64_t *ret, struct err *err);
/* -EBUSY "is in use by web", and whom else. */
int life_image_remove(const struct store *store, const char *word, struct err *err);
/* All that nothing stands on, and what interrupted commands have left. The IDs are added to the list. */
int life_images_prune(const struct store *store, struct strv *ret, struct err *err);

#endif
