/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's further entries, UUID:0, UUID:1 ...: their numbers have no gap, so that counting finds each of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "store/internal.h"

#define LINK_NEW ".new"

const char *registry_further(const char *uuid, unsigned k, char text[static REGISTRY_NAME])
{
	str_print(text, REGISTRY_NAME, "%.36s:%u", uuid, k);
	return text;
}

unsigned registry_count_further(const struct registry *reg, const char *uuid, unsigned from)
{
	char name[REGISTRY_NAME], slot[REGISTRY_SLOT];

	while (registry_find(reg, registry_further(uuid, from, name), slot, sizeof slot, NULL) == 0)
		from++;
	return from;
}

/* Made or replaced at once. */
static int put_link(int dir, const char *name, const char *text)
{
	if (unlinkat(dir, LINK_NEW, 0) < 0 && errno != ENOENT)
		return -errno;
	return symlinkat(text, dir, LINK_NEW) < 0 || renameat(dir, LINK_NEW, dir, name) < 0 ? -errno : 0;
}

/* Wherever this is interrupted, the slot is found by one name or both, and is that one's which it says itself. */
static int rename_entry(struct registry *reg, const char *slot, const struct registry_entry *entry, const char *name)
{
	autofree char *text = registry_entry_text(name, entry->name, entry->note, entry->folder);
	int r = text ? put_link(reg->uuids, name, slot) : -ENOMEM;

	debug_point("registry", "linked");
	if (r == 0)
		r = put_link(reg->slots, slot, text);
	debug_point("registry", "renamed");
	return r;
}

/* 1: the last one has taken the place of `name`; 0: it was nothing but a name. */
static int use_last(struct registry *reg, const char *last, const char *name, struct err *err)
{
	autocall(registry_entry_done) struct registry_entry entry = { 0 };
	char slot[REGISTRY_SLOT];
	int r = registry_find(reg, last, slot, sizeof slot, err), moved = 0;

	if (r == 0)
		r = registry_get(reg, slot, &entry, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == 0 && str_eq(entry.uuid, last)) {
		r = rename_entry(reg, slot, &entry, name);
		if (r < 0)
			return err_sys(err, -r, "rename the entry '%s'", slot);
		moved = 1;
	}
	err_clear(err);
	return unlinkat(reg->uuids, last, 0) < 0 && errno != ENOENT ? err_sys(err, errno, "forget %s", last) : moved;
}

int registry_drop_name(struct registry *reg, const char *name, struct err *err)
{
	const char *colon = strchr(name, ':');
	const unsigned k = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
	unsigned n = colon ? registry_count_further(reg, name, k + 1) : 0;
	char last[REGISTRY_NAME];
	int r = 0;

	while (r == 0 && colon && --n > k)
		r = use_last(reg, registry_further(name, n, last), name, err);
	if (r != 0)
		return r < 0 ? r : 0;
	return unlinkat(reg->uuids, name, 0) < 0 && errno != ENOENT ? err_sys(err, errno, "forget %s", name) : 0;
}

int registry_set_owner(struct registry *reg, const char *uuid, const char *name, struct err *err)
{
	autocall(registry_entry_done) struct registry_entry entry = { 0 };
	autofree char *text = NULL;
	char slot[REGISTRY_SLOT];
	int r = registry_find(reg, uuid, slot, sizeof slot, NULL);

	if (r == 0)
		r = registry_get(reg, slot, &entry, NULL);
	if (r < 0 || !str_eq(entry.uuid, uuid) || str_eq(entry.name, name))
		return 0; /* none, or half of one */
	text = registry_entry_text(uuid, name, entry.note, entry.folder);
	r = text ? put_link(reg->slots, slot, text) : -ENOMEM;
	return r < 0 ? err_sys(err, -r, "name the owner of '%s'", slot) : 0;
}
