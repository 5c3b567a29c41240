/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/internal.h"

/* Ranges are numbered by their first id / 65536. Above 2^31 programs that read ids as signed numbers go wrong. */
#define SLOT_FIRST 16U
#define SLOT_OTHER 4096U /* managers other than the default one begin from here up, each somewhere else */
#define SLOT_END   32767U

#define UUID_LEN 36
#define OWN_MAX  64

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

/* What an entry holds: the note says how many when a user chose. */
static int range_of(const char *slot, const struct registry_entry *entry, struct ids_range *ret)
{
	uint64_t first, count = IDS_COUNT;

	if (str_uint(slot, 0, UINT32_MAX, &first) < 0 ||
	    (!str_eq(entry->note, "-") && str_uint(entry->note, 1, UINT32_MAX, &count) < 0))
		return -EBADMSG;
	*ret = (struct ids_range){ (uint32_t)first, (uint32_t)count };
	return 0;
}

struct gap {
	uint64_t first, end; /* end: of the range that meets this slot's, 0 while none does */
};

static int fill_gap(const char *slot, const struct registry_entry *entry, void *data)
{
	struct gap *gap = data;
	struct ids_range held;
	uint64_t end;

	if (str_eq(entry->note, "-") || range_of(slot, entry, &held) < 0)
		return 0;
	end = (uint64_t)held.first + held.count;
	if (held.first < gap->first + IDS_COUNT && gap->first < end && end > gap->end)
		gap->end = end;
	return 0;
}

/* What users have chosen begins anywhere, so that a slot of this name may be free and its ids not. Returns the slot itself,
 * or the first one behind what is in the way. */
static int pass_chosen(const struct registry *reg, unsigned slot, struct err *err)
{
	struct gap gap = { .first = (uint64_t)slot * IDS_COUNT };
	int r = registry_each(reg, fill_gap, &gap, err);

	return r < 0 ? r : gap.end ? (int)((gap.end + IDS_COUNT - 1) / IDS_COUNT) : (int)slot;
}

static int find_free(const struct registry *reg, char text[static 16], struct err *err)
{
	unsigned first = *reg->store->id ? SLOT_OTHER : SLOT_FIRST, slot = home(reg->store);

	if (reg->next >= first && reg->next < SLOT_END)
		slot = (unsigned)reg->next;
	for (unsigned tried = 0; tried < SLOT_END - first;) {
		int next = (int)slot + 1;
		if (is_free(reg, slot, text)) {
			next = pass_chosen(reg, slot, err);
			if (next < 0 || next == (int)slot)
				return next;
		}
		tried += (unsigned)next - slot;
		slot = (unsigned)next < SLOT_END ? (unsigned)next : first;
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

struct search {
	const char *uuid;
	const struct ids_range *ranges;
	size_t n;
	struct err *err;
};

static int compare(const char *slot, const struct registry_entry *entry, void *data)
{
	const struct search *s = data;
	struct ids_range held;

	if (strncmp(entry->uuid, s->uuid, UUID_LEN) == 0 || range_of(slot, entry, &held) < 0)
		return 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct ids_range *r = &s->ranges[i];
		if ((uint64_t)r->first < (uint64_t)held.first + held.count &&
		    (uint64_t)held.first < (uint64_t)r->first + r->count)
			return err_set(s->err, EADDRINUSE, "container.idmap: ids %u-%u of the host overlap %u-%u of '%s'",
				       r->first, r->first + (r->count - 1), held.first, held.first + (held.count - 1),
				       entry->name);
	}
	return 0;
}

static int look(const struct registry *reg, const char *uuid, const struct ids_range *ranges, size_t n, struct err *err)
{
	struct search search = { uuid, ranges, n, err };

	return registry_each(reg, compare, &search, err);
}

/* What this uuid has, under its own name and its further ones. */
struct own {
	struct ids_range v[OWN_MAX];
	size_t n;
};

static const char *entry_name(const char *uuid, size_t k, char text[static REGISTRY_NAME])
{
	return k == 0 ? uuid : registry_further(uuid, (unsigned)k - 1, text);
}

static int too_many(struct err *err)
{
	return err_set(err, ENOSPC, "container.idmap: it has had %d ranges of ids, no more are kept", OWN_MAX);
}

static int read_own(const struct registry *reg, const char *uuid, struct own *own, struct err *err)
{
	char text[REGISTRY_NAME], slot[16];

	for (own->n = 0;; own->n++) {
		autocall(registry_entry_done) struct registry_entry entry = { 0 };
		const char *name = entry_name(uuid, own->n, text);
		if (registry_find(reg, name, slot, sizeof slot, NULL) < 0)
			return 0;
		if (own->n == ARRAY_SIZE(own->v))
			return too_many(err);
		if (registry_get(reg, slot, &entry, NULL) < 0 || !str_eq(entry.uuid, name) ||
		    range_of(slot, &entry, &own->v[own->n]) < 0)
			own->v[own->n] = (struct ids_range){ 0 }; /* half of an entry */
	}
}

/* The first part of the range that is not its own yet. */
static bool find_gap(const struct own *own, const struct ids_range *range, struct ids_range *ret)
{
	uint64_t at = range->first, end = at + range->count, stop = end;

	for (size_t i = 0; i < own->n; i++) {
		uint64_t first = own->v[i].first, behind = first + own->v[i].count;
		if (first <= at && at < behind) {
			at = behind;
			i = (size_t)-1; /* another one may go on there */
		}
	}
	for (size_t i = 0; i < own->n; i++)
		if (own->v[i].count && own->v[i].first > at && own->v[i].first < stop)
			stop = own->v[i].first;
	*ret = (struct ids_range){ (uint32_t)at, (uint32_t)(stop - at) };
	return at < end;
}

static bool has_all(const struct own *own, const struct ids_range *ranges, size_t n)
{
	struct ids_range gap;

	for (size_t i = 0; i < n; i++)
		if (find_gap(own, &ranges[i], &gap))
			return false;
	return true;
}

int ids_check(const struct store *store, const char *uuid, const struct ids_range *ranges, size_t n, struct err *err)
{
	REGISTRY_INIT(reg);
	struct own own;
	int r = registry_open(&reg, store, ".ids", false, err);

	if (r == 0)
		r = read_own(&reg, uuid, &own, err);
	return r < 0 || has_all(&own, ranges, n) ? r : look(&reg, uuid, ranges, n, err);
}

static int add(struct registry *reg, struct own *own, const char *uuid, const char *name, const struct ids_range *range,
	       struct err *err)
{
	struct ids_range gap;
	char key[REGISTRY_NAME], slot[16], count[16];
	int r = 0;

	while (r == 0 && find_gap(own, range, &gap)) {
		if (own->n == ARRAY_SIZE(own->v))
			return too_many(err);
		str_print(slot, sizeof slot, "%u", gap.first);
		str_print(count, sizeof count, "%u", gap.count);
		r = registry_put(reg, slot, entry_name(uuid, own->n, key), name, count, err);
		own->v[own->n++] = gap;
	}
	return r;
}

int ids_claim(const struct store *store, const char *uuid, const char *name, const struct ids_range *ranges, size_t n,
	      struct err *err)
{
	REGISTRY_INIT(reading);
	REGISTRY_INIT(reg);
	struct own own;
	int r = registry_open(&reading, store, ".ids", false, err);

	if (r == 0)
		r = read_own(&reading, uuid, &own, err);
	if (r < 0 || has_all(&own, ranges, n))
		return r;
	r = registry_open(&reg, store, ".ids", true, err);
	if (r == 0)
		r = look(&reg, uuid, ranges, n, err);
	if (r == -EADDRINUSE && registry_sweep(&reg, NULL) == 0) { /* the holder is perhaps no more */
		err_clear(err);
		r = look(&reg, uuid, ranges, n, err);
	}
	if (r == 0)
		r = read_own(&reg, uuid, &own, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add(&reg, &own, uuid, name, &ranges[i], err);
	return r;
}

/* The last first: read_own goes by the first that is missing. */
int ids_release(const struct store *store, const char *uuid, struct err *err)
{
	REGISTRY_INIT(reg);
	char name[REGISTRY_NAME], slot[16];
	size_t n = 0;
	int r = registry_open(&reg, store, ".ids", true, err);

	while (r == 0 && registry_find(&reg, entry_name(uuid, n, name), slot, sizeof slot, NULL) == 0)
		n++;
	while (r == 0 && n > 0)
		r = registry_drop(&reg, entry_name(uuid, --n, name), err);
	return r;
}
