/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frame of whatever makes a container: its name is claimed, and given up again when it fails. */
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "base/cleanup.h"
#include "base/debug.h"
#include "base/log.h"
#include "life/config.h"
#include "life/guard.h"
#include "life/identity.h"
#include "life/internal.h"
#include "store/claim.h"
#include "store/last.h"

int birth_folder(struct birth *birth, struct err *err)
{
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, birth->uuid);
	birth->folder = store_claim_folder(birth->claim, birth->uuid, err);
	return birth->folder < 0 ? birth->folder : 0;
}

/* Its root as it will be, where it is now: its path, allocated. */
static char *place_root(const struct birth *birth, const struct spec *spec, const struct storage_backend *backend,
			struct storage_place *ret)
{
	char *path = backend->on_disk ? strdup(strchr(spec->rootfs.path, ':') + 1)
				      : str_fmt("/proc/self/fd/%d%s", birth->folder, strrchr(spec->rootfs.path, '/'));

	*ret = (struct storage_place){ .conf = &spec->rootfs,
				       .path = path,
				       .store = birth->store,
				       .name = birth->what->name,
				       .uuid = birth->uuid,
				       .folder = birth->folder };
	return path;
}

int birth_open_root(const struct birth *birth, const struct spec *spec, const struct storage_backend *backend,
		    struct storage_mount *ret, struct err *err)
{
	struct storage_place place;
	autofree char *path = place_root(birth, spec, backend, &place);

	return path ? identity_open(backend, &place, ret, err) : err_nomem(err);
}

int birth_resize_root(const struct birth *birth, const struct spec *spec, const struct storage_backend *backend,
		      struct err *err)
{
	struct storage_place place;
	autofree char *path = place_root(birth, spec, backend, &place);
	int r = path ? storage_resize(backend, &place, false, spec->rootfs.size, err) : err_nomem(err);

	return r < 0 ? err_wrap(err, "rootfs.size") : 0;
}

/* With the signals blocked. */
static int make(struct birth *birth, birth_make_fn *fn, void *data, const struct guard *guard, struct err *err)
{
	struct err second = { 0 };
	int r;

	birth->claim = store_claim(birth->store, birth->what->name, err);
	if (birth->claim < 0)
		return birth->claim;
	debug_point("create", "claimed");
	r = fn(birth, data, err);
	if (birth->folder >= 0)
		last_reserve(birth->folder);
	if (r == 0)
		r = guard_check(guard, err);
	if (r == 0)
		r = store_claim_commit(birth->store, birth->claim, birth->what->name, birth->uuid, err);
	if (r < 0 && store_claim_drop(birth->store, birth->what->name, &second) < 0)
		log_warn("%s", second.msg);
	if (birth->folder >= 0)
		close(birth->folder);
	close(birth->claim);
	return r;
}

int birth_run(struct birth *birth, birth_make_fn *fn, void *data, struct err *err)
{
	struct guard guard;
	struct err swept = { 0 };
	int r = store_make(birth->store, err);

	if (r < 0)
		return r;
	guard_begin(&guard);
	if (store_sweep(birth->store, &swept) < 0) /* another's: no reason to fail */
		log_warn("%s", swept.msg);
	r = make(birth, fn, data, &guard, err);
	if (r < 0)
		store_leave(birth->store);
	guard_end(&guard);
	return r == 0 && birth->chosen_mac && life_shares_mac(birth->store, birth->what->name, err) > 0 ? 1 : r;
}
