/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Denied networks without the allowed parts, as ranges: the kernel takes none that overlap. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/guard.h"

static size_t bytes_of(uint8_t family)
{
	return family == AF_INET6 ? 16 : 4;
}

static bool is_one(const struct wire_net_item *item, uint8_t nic, uint8_t family, enum wire_item_kind kind)
{
	return item->kind == kind && item->nic == nic && item->family == family && item->prefix <= 8 * bytes_of(family);
}

static struct guard_range range_of(const struct wire_net_item *item)
{
	struct guard_range r = { 0 };

	for (size_t i = 0; i < bytes_of(item->family); i++) {
		unsigned bits = item->prefix > 8 * i ? item->prefix - 8 * (unsigned)i : 0;
		uint8_t host = bits >= 8 ? 0 : (uint8_t)(0xff >> bits);
		r.from[i] = item->addr[i] & (uint8_t)~host;
		r.to[i] = r.from[i] | host;
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct guard_range *)a)->from, ((const struct guard_range *)b)->from, 16);
}

/* One further or one back; false at the end of all addresses. */
static bool step(uint8_t addr[static 16], size_t bytes, bool on)
{
	size_t i = bytes;

	while (i-- > 0) {
		addr[i] = (uint8_t)(on ? addr[i] + 1 : addr[i] - 1);
		if (addr[i] != (on ? 0 : 0xff))
			return true;
	}
	return false;
}

/* Sorted by their beginnings: those that touch become one. */
static void merge(struct guard_ranges *l)
{
	size_t n = 0;

	qsort(l->v, l->n, sizeof *l->v, compare);
	for (size_t i = 0; i < l->n; i++) {
		if (n > 0 && memcmp(l->v[i].from, l->v[n - 1].to, 16) <= 0) {
			if (memcmp(l->v[i].to, l->v[n - 1].to, 16) > 0)
				memcpy(l->v[n - 1].to, l->v[i].to, 16);
		} else {
			l->v[n++] = l->v[i];
		}
	}
	l->n = n;
}

/* What is left of each range: nothing, a part, or one before and one behind. There is room for one range more. */
static void cut(struct guard_ranges *l, const struct guard_range *out, size_t bytes)
{
	for (size_t i = l->n; i-- > 0;) {
		struct guard_range r = l->v[i], before = r, behind = r;
		if (memcmp(out->from, r.to, 16) > 0 || memcmp(out->to, r.from, 16) < 0)
			continue;
		bool some_before = memcmp(out->from, r.from, 16) > 0, some_behind = memcmp(out->to, r.to, 16) < 0;
		memcpy(before.to, out->from, 16);
		memcpy(behind.from, out->to, 16);
		step(before.to, bytes, false);
		step(behind.from, bytes, true);
		l->v[i] = some_before ? before : behind;
		if (some_before && some_behind)
			l->v[l->n++] = behind;
		if (!some_before && !some_behind)
			l->v[i] = l->v[--l->n];
	}
}

int guard_denied(const struct wire_net_join *join, uint8_t nic, uint8_t family, struct guard_ranges *ret)
{
	const struct wire_net_item *items = wire_join_items(join);

	*ret = (struct guard_ranges){ .v = calloc(join->n_items + 1, sizeof *ret->v) }; /* a cut adds one at most */
	if (!ret->v)
		return -ENOMEM;
	for (uint32_t i = 0; i < join->n_items; i++)
		if (is_one(&items[i], nic, family, WIRE_ITEM_EGRESS_DENY))
			ret->v[ret->n++] = range_of(&items[i]);
	merge(ret);
	for (uint32_t i = 0; i < join->n_items; i++) {
		const struct guard_range out = range_of(&items[i]);
		if (is_one(&items[i], nic, family, WIRE_ITEM_EGRESS_ALLOW))
			cut(ret, &out, bytes_of(family));
	}
	qsort(ret->v, ret->n, sizeof *ret->v, compare);
	return 0;
}

void guard_ranges_done(struct guard_ranges *l)
{
	free(l->v);
	*l = (struct guard_ranges){ 0 };
}
