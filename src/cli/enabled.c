/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/enabled.h"

#include <errno.h>

#include "unit/unit.h"

/* The default manager's alone have such units. */
void enabled_warn(const struct cli *cli, const char *name)
{
	struct err err;

	if (!str_eq(cli->store.cgroup, "mgr") || !unit_is_enabled(name))
		return;
	err_set(&err, EEXIST, "mgr@%s.service stays enabled, and will fail: systemctl disable mgr@%s.service", name, name);
	cli_complain(cli, name, &err);
}
