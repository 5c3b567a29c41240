/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/attend.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>

int cli_attend(const struct cli *cli, const struct store *store, const char *container, const char *name,
	       struct lib_start *start, struct lib_foreground *how, struct err *err)
{
	struct err why = { 0 };
	uint64_t kills = 0;
	int r;

	how->oom_kills = &kills;
	r = lib_foreground(store, container, start, how, err);
	if (r >= 0 && r != EXIT_OURS)
		(void)cli_complain_loss(cli, store, container);
	if (r == 128 + SIGKILL && kills > 0) {
		err_set(&why, ENOMEM, "memory ran out (limits.memory): the kernel killed %" PRIu64, kills);
		cli_complain(cli, name, &why);
	}
	return r;
}
