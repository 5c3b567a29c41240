/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What mgr-net shows. network: NULL for all of them. */
#ifndef MGR_CLI_NET_SHOW_H
#define MGR_CLI_NET_SHOW_H

#include "base/clock.h"
#include "cli/cli.h"

#define NET_WAIT (30 * CLOCK_SECOND)

/* The default one, those of mgr.conf, and those that have leases though mgr.conf has them no more; or this one, -ENOENT when
 * it is none of them. */
int net_names(const struct store *store, const char *network, struct strv *ret, struct err *err);
int net_status(struct cli *cli, const char *network, struct err *err);
int net_leases(struct cli *cli, const char *network, struct err *err);

#endif
