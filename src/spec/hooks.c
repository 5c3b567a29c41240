/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What hooks are told, and where a program is not the host's: what the rooms of storage and mounts know of it. */
#include "base/cleanup.h"
#include "mount/entry.h"
#include "spec/spec.h"

/* What the guest's root makes there is root's own on the host's disk. */
static bool is_guests(const struct spec *spec, const struct mount_entry *e)
{
	return e->bind && !e->relative && !mount_entry_is_readonly(e) &&
	       (e->idmap || spec->container.idmap.mode == IDMAP_NONE);
}

int spec_tell_hooks(const struct spec *spec, const struct store *store, const char *name, struct hook_told *ret,
		    struct err *err)
{
	const struct strv *entries = &spec->mount.entry;
	int r = hook_tell(ret, store, name, spec->rootfs.path, err);

	for (size_t i = 0; r == 0 && i < entries->n; i++) {
		autocall(mount_entry_done) struct mount_entry e = { 0 };
		r = mount_entry_parse(entries->v[i], &e, err);
		if (r == 0 && is_guests(spec, &e) && strv_add(&ret->places.guests, e.source) < 0)
			r = err_nomem(err);
	}
	return r;
}
