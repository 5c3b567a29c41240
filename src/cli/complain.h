/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A failure as the user reads it; what command files need of it is in cli.h. */
#ifndef MGR_CLI_COMPLAIN_H
#define MGR_CLI_COMPLAIN_H

#include "cli/cli.h"

/* Print "mgr-stop: web: MESSAGE" (name may be NULL) and put it into the log of -o. */
void complain(const struct command *cmd, const char *name, const struct err *err);
/* This exit code, or the command's for failures of our own. */
int complain_code(const struct cli *cli, int code);

#endif
