/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/check.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check/internal.h"

const char *const check_status_names[CHECK_STATUSES] = { "ok", "warning", "failed" };

int check_host(const struct store *store, check_fn *fn, void *data, struct err *err)
{
	static const struct {
		const char *group;
		void (*look)(struct check *c);
	} groups[] = {
		{ "kernel", check_kernel },     { "namespaces", check_namespaces },
		{ "cgroups", check_cgroups },   { "mounts", check_mounts },
		{ "devices", check_devices },   { "network", check_network },
		{ "security", check_security }, { "ids", check_ids },
		{ "limits", check_limits },
	};
	struct check c = { .store = store, .fn = fn, .data = data, .userns = -1 };

	if (geteuid() != 0)
		return err_set(err, EPERM, "most of it has to be tried");
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		c.group = groups[i].group;
		groups[i].look(&c);
	}
	if (c.userns >= 0)
		close(c.userns);
	return 0;
}
