/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much a container may change of what it stands on. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "storage/image.h"
#include "storage/internal.h"

/* What it has changed, and where the kernel makes that first. */
struct delta {
	int dirs[2];
};

static void done(struct delta *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(d->dirs); i++)
		if (d->dirs[i] >= 0)
			close(d->dirs[i]);
}

static int open_delta(const struct storage_place *p, struct delta *ret, struct err *err)
{
	static const char *const names[] = { IMAGE_DELTA "/" IMAGE_TREE, IMAGE_DELTA "/work" };

	*ret = (struct delta){ { -1, -1 } };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ret->dirs[i] = openat(p->folder, names[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (ret->dirs[i] < 0)
			return err_sys(err, errno, "open '%s'", names[i]);
	}
	return 0;
}

int storage_bound_delta(const struct storage_place *p, struct err *err)
{
	autocall(done) struct delta d;
	int r = open_delta(p, &d, err);

	return r < 0 ? r
		     : storage_bound_folders(d.dirs, ARRAY_SIZE(d.dirs), p->store->containers, false, p->conf->size, err);
}

int storage_resize_delta(const struct storage_place *p, bool running, uint64_t size, struct err *err)
{
	autocall(done) struct delta d;
	int r = open_delta(p, &d, err);

	return r < 0 ? r : storage_resize_folders(d.dirs, ARRAY_SIZE(d.dirs), p->store->containers, running, size, err);
}

int storage_delta_usage(const struct storage_place *p, uint64_t *ret)
{
	autocall(done) struct delta d;

	return open_delta(p, &d, NULL) < 0 ? -ENODATA : storage_taken(d.dirs[0], ret);
}
