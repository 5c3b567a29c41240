/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the registries know of a container by its name. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/internal.h"

struct wanted {
	const struct store *store;
	const char *name;
	char *uuid; /* 37 bytes */
};

static int match(const char *slot, const struct registry_entry *entry, void *data)
{
	const struct wanted *w = data;

	(void)slot;
	if (!str_eq(entry->name, w->name) || !str_eq(entry->folder, w->store->containers))
		return 0;
	str_print(w->uuid, 37, "%.36s", entry->uuid);
	return 1;
}

int store_known_uuid(const struct store *store, const char *name, char uuid[static 37], struct err *err)
{
	static const char *const folders[] = { ".ids", ".leases" };
	struct wanted wanted = { store, name, uuid };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		REGISTRY_INIT(reg);
		int r = registry_open(&reg, store, folders[i], false, err);
		if (r == 0)
			r = registry_each(&reg, match, &wanted, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return err_set(err, ENOENT, "no registry knows '%s'", name);
}
