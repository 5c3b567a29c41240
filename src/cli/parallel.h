/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CMD_PARALLEL: the names of a command are worked on at once. */
#ifndef MGR_CLI_PARALLEL_H
#define MGR_CLI_PARALLEL_H

#include "cli/cli.h"

/* Call one for every name, each in a process of its own, some at a time. The highest exit code. */
int parallel_run(struct cli *cli, int (*one)(struct cli *cli, const char *name));

#endif
