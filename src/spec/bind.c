/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/bind.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "mount/entry.h"

char *spec_bind_place(const char *word)
{
	const char *colon = strstr(word, ":/");
	const char *place = colon ? colon + 1 : word;

	return strndup(place, colon ? strcspn(place, ":") : strlen(place));
}

/* hosts: nothing but what is bound from the host. */
static int look(const struct strv *entries, const char *place, bool hosts, size_t *ret, struct err *err)
{
	for (size_t i = entries->n; i-- > 0;) {
		autocall(mount_entry_done) struct mount_entry e = { 0 };
		int r = mount_entry_parse(entries->v[i], &e, err);
		if (r < 0)
			return r;
		*ret = i;
		if (mount_entry_is_on(&e, place) && (!hosts || (e.bind && mount_entry_is_hosts(&e))))
			return 1;
	}
	return 0;
}

int spec_bind_at(const struct strv *entries, const char *place, size_t *ret, struct err *err)
{
	return look(entries, place, false, ret, err);
}

int spec_bind_find(const struct strv *entries, const char *word, size_t *ret, struct err *err)
{
	autofree char *place = spec_bind_place(word);
	int r = place ? look(entries, place, true, ret, err) : err_nomem(err);

	if (r == 0)
		return err_set(err, ENOENT, "nothing of the host's is mounted on '%s'", place);
	return r < 0 ? r : 0;
}
