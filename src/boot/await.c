/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container at rest: mgr-netd is told what its configuration says of connections that are to start it. Nothing is locked:
 * it may be started, changed or removed meanwhile, and whoever does that tells mgr-netd too. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "boot/boot.h"
#include "boot/internal.h"
#include "boot/result.h"

#define NET_TIME (10 * CLOCK_SECOND)

static int forget(const struct store *store, const char *uuid, struct err *err)
{
	return uuid ? net_forget(store, uuid, clock_in(NET_TIME), err) : 0;
}

static bool runs(const struct store *store, const char *name)
{
	int phase = store_lock_peek(store, name, NULL);

	return phase == STORE_STARTING || (phase >= 0 && store_phase_runs((enum store_phase)phase));
}

static int tell(const struct store *store, const char *name, const struct spec *spec, struct err *err)
{
	autocall(net_plan_done) struct net_plan plan = { .conn = -1 };
	const char *uuid = spec->container.uuid;
	int r = boot_plan_net(&plan, spec, store, name, err);

	return r < 0 ? r : net_await(&plan, uuid, clock_in(NET_TIME), err);
}

/* uuid: that it had when it was last heard of, or NULL. */
static int await(const struct store *store, const char *name, const char *uuid, struct err *err)
{
	autoclose int folder = store_container(store, name, err), still = -1;
	autocall(spec_done) struct spec spec;
	int r;

	spec_init(&spec);
	if (folder == -ENOENT) {
		err_clear(err);
		return forget(store, uuid, err);
	}
	r = folder < 0 ? folder : spec_load(&spec, folder, "config", err);
	if (r < 0)
		return r;
	if (uuid && spec.container.uuid && !str_eq(uuid, spec.container.uuid))
		r = forget(store, uuid, err);
	if (r < 0 || !spec.container.uuid || runs(store, name))
		return r;
	r = tell(store, name, &spec, err);
	still = store_container(store, name, NULL);
	return still == -ENOENT ? forget(store, spec.container.uuid, err) : r;
}

int boot_await(const struct boot_request *q)
{
	autocall(store_done) struct store store = { 0 };
	struct boot_result result = { 0 };
	int r = store_open(&store, q->path, &result.err);

	if (r >= 0)
		r = await(&store, q->name, q->uuid, &result.err);
	result.code = r < 0 ? -r : 0;
	if (write(BOOT_RESULT_FD, &result, sizeof result) != sizeof result || result.code)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
