/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "hook/hook.h"

int hook_tell(struct hook_told *t, const struct store *store, const char *name, const char *rootfs, struct err *err)
{
	const char *colon = rootfs ? strchr(rootfs, ':') : NULL;

	t->config = str_fmt("%s/%s/config", store->containers, name);
	t->console_log = str_fmt("%s/%s/console", store->log, name);
	t->places = (struct hook_places){ .store = store };
	if (colon && strv_add(&t->places.guests, colon + 1) < 0)
		return err_nomem(err);
	t->facts = (struct hook_facts){
		.places = &t->places,
		.name = name,
		.config = t->config,
		.console_log = t->console_log,
		.rootfs = colon ? colon + 1 : NULL,
	};
	return t->config && t->console_log ? 0 : err_nomem(err);
}

void hook_told_done(struct hook_told *t)
{
	free(t->config);
	free(t->console_log);
	strv_done(&t->places.guests);
}
