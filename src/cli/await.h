/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MGR_CLI_AWAIT_H
#define MGR_CLI_AWAIT_H

#include "cli/cli.h"

/* Every stopped container of the store whose configuration may have a forward with `wake` waits from now on. What cannot is
 * complained of: EXIT_FAILURE, else 0. */
int await_all(struct cli *cli);

/* A container's configuration has changed: when it is stopped and waits, or `may` now, mgr-netd hears of it. */
int await_again(const struct cli *cli, const char *name, bool may, struct err *err);

#endif
