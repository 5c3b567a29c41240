/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CLI_DEVICE_LIST_H
#define MGR_CLI_DEVICE_LIST_H

#include "base/err.h"
#include "cli/cli.h"

/* mgr-device ls */
int device_list(struct cli *cli, const char *name, struct err *err);

#endif
