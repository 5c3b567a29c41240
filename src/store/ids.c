/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/ids.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/internal.h"

/* Ranges are numbered by their first id / 65536. Above 2^31 programs that read ids as signed numbers go wrong. */
#define SLOT_FIRST 16U
#define SLOT_OTHER 4096U /* managers other than the default one begin from here up, each somewhere else */
#define SLOT_END   32767U

static unsigned home(const struct store *store)
{
	if (!*store->id)
		return SLOT_FIRST;
	return SLOT_OTHER + (unsigned)(strtoul(store->id, NULL, 16) % (SLOT_END - SLOT_OTHER));
}

static bool is_free(const struct registry *reg, unsigned slot, char text[static 16])
{
	autocall(registry_entry_done) struct registry_entry entry = { 0 };

	return str_print(text, 16, "%u", slot * IDS_COUNT) == 0 && registry_get(reg, text, &entry, NULL) == -ENOENT;
}

static int find_free(const struct registry *reg, char text[static 16], struct err *err)
{
	unsigned first = *reg->store->id ? SLOT_OTHER : SLOT_FIRST, slot = home(reg->store);

	if (reg->next >= first && reg->next < SLOT_END)
		slot = (unsigned)reg->next;
	for (unsigned tried = 0; tried < SLOT_END - first; tried++) {
		if (is_free(reg, slot, text))
			return (int)slot;
		slot = slot + 1 < SLOT_END ? slot + 1 : first;
	}
	return err_set(err, ENOSPC, "no range of %u ids is left", IDS_COUNT);
}

int ids_reserve(const struct store *store, const char *uuid, const char *name, uint32_t *ret_first, struct err *err)
{
	REGISTRY_INIT(reg);
	char slot[16];
	int found, r = registry_open(&reg, store, ".ids", true, err);

	if (r < 0)
		return r;
	found = find_free(&reg, slot, err);
	if (found == -ENOSPC && registry_sweep(&reg, err) == 0)
		found = find_free(&reg, slot, err);
	if (found < 0)
		return found;
	r = registry_put(&reg, slot, uuid, name, "-", err);
	if (r < 0)
		return r;
	registry_set_next(&reg, (unsigned)found + 1 < SLOT_END ? (unsigned)found + 1 : 0);
	*ret_first = (uint32_t)found * IDS_COUNT;
	return 0;
}

int ids_release(const struct store *store, const char *uuid, struct err *err)
{
	REGISTRY_INIT(reg);
	int r = registry_open(&reg, store, ".ids", true, err);

	return r < 0 ? r : registry_drop(&reg, uuid, err);
}
