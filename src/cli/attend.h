/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CLI_ATTEND_H
#define MGR_CLI_ATTEND_H

#include "cli/cli.h"
#include "lib/foreground.h"

/* lib_foreground; an end by SIGKILL that memory was the reason of is said to be one. name: as in that line, may be NULL. */
int cli_attend(const struct cli *cli, const struct store *store, const char *container, const char *name,
	       struct lib_start *start, struct lib_foreground *how, struct err *err);

#endif
