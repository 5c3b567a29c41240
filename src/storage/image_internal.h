/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_STORAGE_IMAGE_INTERNAL_H
#define MGR_STORAGE_IMAGE_INTERNAL_H

#include <stdbool.h>

#include "storage/image.h"

#define IMAGE_FOLDER ".images"
#define IMAGE_NEW    ".new" /* in it: what is being made, and removed */
#define IMAGE_KEY    "key-" /* a symlink to the ID */
#define IMAGE_NAME   "id"

/* Can it be one's ID? */
bool image_is_id(const char *text);
/* The store's folder of images; open. */
int image_folder(const struct store *store, bool make, struct err *err);
/* Who adds or removes a link, or an image, has this. */
int image_lock(int images, struct err *err);
/* -EBUSY when something says that it stands on it, whatever the links say. */
int image_check_unused(const struct store *store, const char *id, struct err *err);
/* .images/.new, made when absent; open. */
int image_new_folder(int images, struct err *err);
/* The folder of this name there, made when absent, open and locked: what somebody is at. -EAGAIN when another is. */
int image_lock_new(int news, const char *name, struct err *err);
/* A name for an image that is made of changes. */
int image_choose_id(char ret[static IMAGE_ID_SIZE], struct err *err);

#endif
