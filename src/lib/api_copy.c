/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/cleanup.h"
#include "lib/api.h"
#include "lib/copy.h"

static int copy(struct mgr *m, const char *name, const char *const *sources, const char *target,
		const struct mgr_copy_options *options,
		int (*run)(const struct store *store, const char *name, const struct lib_copy *copy, struct err *err),
		struct mgr_error *error)
{
	autocall(strv_done) struct strv paths = { 0 };
	struct mgr_copy_options o = { 0 };
	struct err err = { 0 };
	int r = api_begin(m, name, &err);

	if (r == 0)
		r = api_options(&o, sizeof o, options, &err);
	if (r == 0 && api_add_all(&paths, NULL, sources) < 0)
		r = err_nomem(&err);
	if (r == 0 && !paths.n)
		r = err_set(&err, EINVAL, "nothing to copy");
	const struct lib_copy how = {
		.sources = &paths,
		.target = target,
		.standard = options ? o.stream : -1,
		.create = o.create,
		.preserve = o.preserve,
		.user = o.user,
		.group = o.group,
		.has_mode = o.has_mode,
		.mode = o.mode,
		.note = o.note,
		.data = o.data,
	};
	if (r == 0)
		r = run(&m->store, name, &how, &err);
	return api_end(r, &err, error);
}

int mgr_push(struct mgr *m, const char *name, const char *const *sources, const char *target,
	     const struct mgr_copy_options *options, struct mgr_error *error)
{
	return copy(m, name, sources, target, options, lib_push, error);
}

int mgr_pull(struct mgr *m, const char *name, const char *const *sources, const char *target,
	     const struct mgr_copy_options *options, struct mgr_error *error)
{
	return copy(m, name, sources, target, options, lib_pull, error);
}
