/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/resize.h"

#include <errno.h>

#include "base/cleanup.h"
#include "life/stop.h"

int life_resize(const struct store *store, const char *name, const struct spec *next, bool running, struct err *err)
{
	autoclose int lock = running ? -1 : life_take_stopped(store, name, err), folder = -1;
	const struct storage_backend *backend;
	struct storage_place place;
	int r;

	if (!running && lock < 0)
		return lock;
	r = folder = store_container(store, name, err);
	if (r >= 0)
		r = spec_place(next, store, name, folder, &place, &backend, err);
	if (r < 0)
		return r;
	r = storage_resize(backend, &place, running, next->rootfs.size, err);
	return r < 0 ? err_wrap(err, "rootfs.size") : 0;
}
