/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container gives back of its addresses while it lives. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/internal.h"
#include "store/leases.h"

/* The slots of its further addresses, by their number. */
static int list(const struct registry *reg, const char *uuid, struct strv *ret, struct err *err)
{
	char key[REGISTRY_NAME], slot[REGISTRY_SLOT];

	for (unsigned k = 0; registry_find(reg, registry_further(uuid, k, key), slot, sizeof slot, NULL) == 0; k++)
		if (strv_add(ret, slot) < 0)
			return err_nomem(err);
	return 0;
}

/* From the end: what takes a number then is to stay. */
static int drop_others(struct registry *reg, const char *uuid, const struct strv *keep, struct err *err)
{
	autocall(strv_done) struct strv slots = { 0 };
	char key[REGISTRY_NAME];
	int r = list(reg, uuid, &slots, err);

	for (size_t k = slots.n; k-- > 0 && r >= 0;)
		if (!strv_has(keep, slots.v[k]))
			r = registry_drop(reg, registry_further(uuid, (unsigned)k, key), err);
	return r;
}

static bool has_others(const struct registry *reg, const char *uuid, bool lease, const struct strv *keep)
{
	autocall(strv_done) struct strv slots = { 0 };
	char slot[REGISTRY_SLOT];
	bool others = !lease && registry_find(reg, uuid, slot, sizeof slot, NULL) == 0;

	list(reg, uuid, &slots, NULL);
	for (size_t i = 0; i < slots.n; i++)
		others |= !strv_has(keep, slots.v[i]);
	return others;
}

int leases_keep(const struct store *store, const char *network, const char *uuid, bool lease, const struct strv *keep,
		struct err *err)
{
	REGISTRY_INIT(reading);
	REGISTRY_INIT(writing);
	int r = lease_open(&reading, store, network, false, err);

	if (r < 0 || !has_others(&reading, uuid, lease, keep))
		return r;
	r = lease_open(&writing, store, network, true, err);
	if (r == 0)
		r = drop_others(&writing, uuid, keep, err);
	return r < 0 || lease ? r : registry_drop(&writing, uuid, err);
}
