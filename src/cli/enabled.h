/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CLI_ENABLED_H
#define MGR_CLI_ENABLED_H

#include "cli/cli.h"

/* Complain when there is a unit for the container of this name, which is no more, that stays enabled. */
void enabled_warn(const struct cli *cli, const char *name);

#endif
