/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container that is made from another: what it could not have too is told. */
#ifndef MGR_CLI_LEFT_H
#define MGR_CLI_LEFT_H

#include "cli/cli.h"
#include "life/copy.h"

/* Returns what run must return. */
int left_run(struct cli *cli, const struct life_copy *what, struct err *err);

#endif
