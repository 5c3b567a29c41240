/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which backend a new container's root file system is to have. */
#include <errno.h>

#include "base/cleanup.h"
#include "life/internal.h"
#include "store/settings.h"

#define AUTO    "auto"
#define ON_BASE "overlay" /* what auto means where there is a base */
#define PLAIN   "dir"     /* and else; and where what mgr.conf says cannot be */

/* For what stands on a base, from the template. 1; 0: it has none. */
static int find_base(struct birth *birth, struct err *err)
{
	const struct life_create *what = birth->what;

	return what->template ? template_base_key(what->template, what->args, &birth->base, err) : 0;
}

static int choose_auto(struct birth *birth, struct err *err)
{
	const struct storage_backend *on_base = storage_named(ON_BASE, err);
	int r;

	birth->backend = storage_named(PLAIN, err);
	if (on_base->check(birth->store, NULL) < 0)
		return 0;
	r = find_base(birth, err);
	if (r > 0)
		birth->backend = on_base;
	return r < 0 ? r : 0;
}

static int choose(struct birth *birth, const char *name, struct err *err)
{
	int r;

	if (str_eq(name, AUTO))
		return choose_auto(birth, err);
	birth->backend = storage_named(name, err);
	if (!birth->backend)
		return -err->code;
	if (birth->backend->on_disk)
		return err_set(err, EINVAL, "--backend %s: it is what a container over a disk has, which --%s makes", name,
			       str_eq(name, "disk") ? "image" : "disk");
	r = birth->backend->on_base ? find_base(birth, err) : 1;
	if (r != 0)
		return r < 0 ? r : 0;
	if (birth->what->backend)
		return err_set(err, EOPNOTSUPP, "--backend %s: it stands on a template's base, and there is none here",
			       name);
	birth->backend = storage_named(PLAIN, err);
	return 0;
}

int birth_choose(struct birth *birth, struct err *err)
{
	autocall(settings_done) struct settings settings = { 0 };
	const char *name = birth->what->backend;
	int r;

	if (birth->disk) {
		const struct life_create *what = birth->what;
		birth->backend = storage_named(what->import  ? "loop"
					       : what->block ? "block"
					       : what->disk  ? "qcow2"
							     : "disk",
					       err);
		return birth->backend ? 0 : -err->code;
	}
	if (!name && !birth->what->rootfs) {
		if (settings_load(birth->store, &settings, err) < 0)
			return -err->code;
		name = settings.backend;
	}
	r = choose(birth, name ? name : AUTO, err);
	return r < 0 && !birth->what->backend ? err_wrap(err, "'%s/mgr.conf': storage.backend", birth->store->etc) : r;
}
