/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cleanup.h"
#include "life/forward.h"
#include "life/glance.h"

#define SECTION "forward"
#define KEY     "port"

int life_forwards(const struct store *store, const char *name, bool runs, struct strv *ret, struct err *err)
{
	autoclose int run = runs ? store_runtime(store, name, false, NULL) : -1;
	autoclose int folder = -1;

	if (run >= 0 && glance_at(run, "spec", SECTION, KEY, ret, NULL) >= 0)
		return 0;
	folder = store_container(store, name, err);
	return folder < 0 ? folder : glance_at(folder, "config", SECTION, KEY, ret, err);
}
