/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/left.h"

#include <errno.h>

#include "base/cleanup.h"

int left_run(struct cli *cli, const struct life_copy *what, struct err *err)
{
	autocall(strv_done) struct strv left = { 0 };
	int r = life_copy(&cli->store, what, &left, err);

	for (size_t i = 0; i < left.n && r >= 0; i++) {
		struct err line = { 0 };
		err_set(&line, EADDRINUSE, "%s", left.v[i]);
		cli_complain(cli, what->name, &line);
	}
	if (r > 0)
		cli_complain(cli, what->name, err);
	return r < 0 ? r : 0;
}
