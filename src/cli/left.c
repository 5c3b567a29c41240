/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/left.h"

#include <errno.h>

#include "base/cleanup.h"
#include "lib/start.h"
#include "life/life.h"

/* One that does not run is not left. */
static int start(struct cli *cli, const char *name, struct err *err)
{
	const struct lib_start how = { .client = -1 };
	int r = lib_start(&cli->store, name, &how, err);

	if (r < 0)
		life_destroy(&cli->store, name, true, NULL);
	return r < 0 ? err_wrap(err, "'%s'", name) : 0;
}

int left_run(struct cli *cli, const struct life_copy *what, struct err *err)
{
	autocall(strv_done) struct strv left = { 0 };
	autoclose int hold = -1;
	int r = life_copy(&cli->store, what, &left, &hold, err);

	for (size_t i = 0; i < left.n && r >= 0; i++) {
		struct err line = { 0 };
		err_set(&line, EADDRINUSE, "%s", left.v[i]);
		cli_complain(cli, what->name, &line);
	}
	if (r > 0)
		cli_complain(cli, what->name, err);
	if (r >= 0 && what->ephemeral) {
		err_clear(err);
		r = start(cli, what->name, err);
	}
	return r < 0 ? r : 0;
}
