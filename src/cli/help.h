/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CLI_HELP_H
#define MGR_CLI_HELP_H

#include "cli/cli.h"

/* "mgr-start -h", on stdout. */
void help_command(const struct command *cmd);
/* A line a command of this program. */
void help_list(void);

#endif
