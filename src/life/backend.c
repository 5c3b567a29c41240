/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which backend a new container's root file system is to have. */
#include "base/cleanup.h"
#include "life/internal.h"
#include "store/settings.h"

#define USUAL "dir" /* what auto means */

int birth_choose(struct birth *birth, struct err *err)
{
	autocall(settings_done) struct settings settings = { 0 };
	const char *name = birth->what->backend;

	if (!name && !birth->what->rootfs) {
		if (settings_load(birth->store, &settings, err) < 0)
			return -err->code;
		name = settings.backend;
	}
	birth->backend = storage_named(!name || str_eq(name, "auto") ? USUAL : name, err);
	if (birth->backend)
		return 0;
	return birth->what->backend ? -err->code : err_wrap(err, "'%s/mgr.conf': storage.backend", birth->store->etc);
}
