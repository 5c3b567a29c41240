/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopped containers that a connection is to start: who tells mgr-netd of them. */
#include "cli/await.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/complain.h"
#include "lib/start.h"
#include "life/forward.h"
#include "life/glance.h"
#include "life/state.h"
#include "net/net.h"

static bool ends_with_wake(const char *forward)
{
	const char *options = strchr(forward, ',');

	return options && strstr(options, "wake");
}

/* A file that is included may have one: who reads the whole configuration says. */
static bool may_wake(const struct cli *cli, const char *name)
{
	autoclose int folder = store_container(&cli->store, name, NULL);
	autocall(strv_done) struct strv forwards = { 0 }, includes = { 0 };

	if (folder < 0 || glance_at(folder, "config", "include", "path", &includes, NULL) < 0 ||
	    glance_at(folder, "config", "forward", "port", &forwards, NULL) < 0)
		return false;
	for (size_t i = 0; i < forwards.n; i++)
		if (ends_with_wake(forwards.v[i]))
			return true;
	return includes.n > 0;
}

static bool is_stopped(const struct cli *cli, const char *name)
{
	enum wire_state state;

	return life_state(&cli->store, name, &state, NULL) == 0 && state == WIRE_STOPPED;
}

int await_all(struct cli *cli)
{
	autocall(strv_done) struct strv names = { 0 };
	struct err err = { 0 };
	int code = EXIT_SUCCESS;

	if (store_list(&cli->store, &names, &err) < 0) {
		cli_complain(cli, NULL, &err);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < names.n; i++) {
		err_clear(&err);
		if (!may_wake(cli, names.v[i]) || !is_stopped(cli, names.v[i]) ||
		    lib_await(&cli->store, names.v[i], &err) >= 0)
			continue;
		cli_complain(cli, names.v[i], &err);
		code = EXIT_FAILURE;
	}
	return code;
}

static bool waits(const struct cli *cli, const char *name)
{
	autoclose int folder = store_container(&cli->store, name, NULL);
	autocall(strv_done) struct strv uuid = { 0 };

	return folder >= 0 && glance_at(folder, "config", "container", "uuid", &uuid, NULL) >= 0 && uuid.n &&
	       net_waits(&cli->store, uuid.v[uuid.n - 1]);
}

int await_again(const struct cli *cli, const char *name, bool may, struct err *err)
{
	if (!is_stopped(cli, name) || !(waits(cli, name) || (may && may_wake(cli, name))))
		return 0;
	return lib_await(&cli->store, name, err);
}
