/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/spec.h"

int spec_place(const struct spec *spec, const struct store *store, const char *name, int folder, struct storage_place *ret,
	       const struct storage_backend **ret_backend, struct err *err)
{
	*ret = (struct storage_place){
		.conf = &spec->rootfs, .store = store, .name = name, .uuid = spec->container.uuid, .folder = folder
	};
	*ret_backend = storage_find(&spec->rootfs, &ret->path, err);
	return *ret_backend ? 0 : -err->code;
}
