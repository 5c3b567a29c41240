/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "life/internal.h"
#include "life/state.h"
#include "store/ephemeral.h"

static void sweep_one(const struct store *store, const char *name)
{
	enum wire_state state;
	struct err err = { 0 };
	int r = ephemeral_is_marked(store, name);

	if (r == -ESTALE)
		ephemeral_forget(store, name);
	if (r <= 0)
		return;
	r = life_state(store, name, &state, &err);
	if (r == 0 && (state == WIRE_STOPPED || state == WIRE_ABORTING))
		r = life_destroy(store, name, true, &err);
	if (r < 0 && r != -ENOENT)
		log_warn("remove '%s', which was there for one run: %s", name, err.msg);
}

void ephemeral_sweep(const struct store *store)
{
	autocall(strv_done) struct strv names = { 0 };
	struct err err = { 0 };

	if (ephemeral_list(store, &names, &err) < 0)
		log_warn("%s", err.msg);
	for (size_t i = 0; i < names.n; i++)
		sweep_one(store, names.v[i]);
}
