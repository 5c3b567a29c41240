/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "life/origin.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "life/stop.h"

int origin_open(struct origin *o, const struct store *store, const char *name, struct err *err)
{
	int r;

	*o = (struct origin){ .lock = -1, .folder = -1 };
	spec_init(&o->spec);
	r = o->lock = life_take_stopped(store, name, err);
	if (r >= 0)
		r = o->folder = store_container(store, name, err); /* it may have gone meanwhile */
	if (r >= 0)
		r = file_read_at(o->folder, "config", CONF_FILE_MAX, &o->text, NULL, err);
	if (r == 0)
		r = spec_load(&o->spec, o->folder, "config", err);
	return r < 0 ? r : spec_place(&o->spec, store, name, o->folder, &o->place, &o->backend, err);
}

void origin_done(struct origin *o)
{
	spec_done(&o->spec);
	free(o->text);
	if (o->folder >= 0)
		close(o->folder);
	if (o->lock >= 0)
		close(o->lock);
}
