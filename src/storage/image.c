/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "storage/image_internal.h"

#define LOCK_TIME (10 * CLOCK_SECOND)

int image_folder(const struct store *store, bool make, struct err *err)
{
	return store_open_own(store, IMAGE_FOLDER, make, err);
}

int image_lock(int images, struct err *err)
{
	int lock = store_lock_file(images, "lock", clock_in(LOCK_TIME));

	if (lock == -EAGAIN)
		return err_set(err, EBUSY, "the images are locked by another command");
	return lock < 0 ? err_sys(err, -lock, "lock the images") : lock;
}

/* It becomes a part of paths. */
bool image_is_id(const char *text)
{
	return text[0] && text[0] != '.' && !strchr(text, '/');
}

char *image_path(const struct store *store, const char *id)
{
	return str_fmt("%s/" IMAGE_FOLDER "/%s", store->containers, id);
}

int image_open(const struct store *store, const char *id, struct err *err)
{
	autoclose int images = image_folder(store, false, err);
	int dir;

	if (images < 0)
		return images;
	dir = image_is_id(id) ? openat(images, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : (errno = ENOENT, -1);
	if (dir < 0)
		return err_sys(err, errno, "open image '%s'", id);
	return dir;
}

int image_read(int folder, const char *name, char ret[static IMAGE_ID_SIZE], struct err *err)
{
	int r;

	if (faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	r = file_read_small_at(folder, name, ret, IMAGE_ID_SIZE, err);
	if (r < 0)
		return err_wrap(err, "read what it stands on");
	return image_is_id(ret) ? 1 : err_set(err, EINVAL, "'%s' does not name an image", name);
}

int image_link(const struct store *store, const char *id, int folder, const char *name, struct err *err)
{
	autoclose int images = image_folder(store, false, err), lock = -1, dir = -1;

	if (images < 0)
		return images;
	lock = image_lock(images, err); /* so that nobody finds it unused and removes it meanwhile */
	if (lock < 0)
		return lock;
	dir = image_open(store, id, err);
	if (dir < 0)
		return dir;
	return linkat(dir, IMAGE_NAME, folder, name, 0) < 0 ? err_sys(err, errno, "link image '%s'", id) : 0;
}
